# The program alone, statically linked, in an empty image: no shell, no package manager, no root.
#
#     docker build --build-arg COMMIT=$(git rev-parse HEAD) -t creativeai .
#     docker run --rm -v clips:/data creativeai submit listings.csv --sandbox --wait
#
# The job log, captures and clips are in /data, which is the current folder. docs/many-machines.md has more.
FROM rust:1-alpine AS build
RUN apk add --no-cache build-base ca-certificates cmake perl
WORKDIR /build
COPY . .
ARG COMMIT=unknown
RUN CREATIVEAI_BUILD_COMMIT="$COMMIT" cargo build --release --locked --bin creativeai
RUN mkdir -p /image/data /image/tmp /image/etc/ssl/certs \
    && cp target/release/creativeai /image/ \
    && cp -L /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && chmod 1777 /image/tmp \
    && chown 65532:65532 /image/data

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
WORKDIR /data
VOLUME /data
# Settings and what can be made again are looked for here.
ENV HOME=/data
EXPOSE 8787
# Asks the receiver in the container whether it can keep deliveries. A batch is over before it is asked.
HEALTHCHECK --interval=15s --timeout=5s CMD ["/creativeai", "listen", "--health"]
ENTRYPOINT ["/creativeai"]
CMD ["listen", "--addr", "0.0.0.0:8787"]

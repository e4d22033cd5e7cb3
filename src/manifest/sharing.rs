//! Links for sharing, which show a page and not the photo.

use url::Url;

const MESSAGE: &str = "this link shows a page, not the photo";
const ELSEWHERE: &str = "upload the photo to a place that gives its own address, which ends in .jpg \
                         or the like and shows only the photo";
const RAW: &str = "write raw=1 in place of dl=0 at its end (or add ?raw=1)";

/// Hosts of a service, with all below them; what the path begins with, or one of these, or nothing for
/// any; parts of the query that make the link one of the file itself; and what to do.
type Service = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

/// Further services go in here.
#[rustfmt::skip]
const SERVICES: [Service; 12] = [
    (&["drive.google.com", "docs.google.com"],
     &["/file/", "/open", "/drive/", "/folders/", "/document/", "/presentation/"], &["export=download"], ELSEWHERE),
    (&["photos.google.com", "photos.app.goo.gl"], &[], &[], ELSEWHERE),
    (&["dropbox.com", "db.tt"], &[], &["dl=1", "raw=1"], RAW),
    (&["1drv.ms", "onedrive.live.com"], &[], &["download=1"], ELSEWHERE),
    (&["sharepoint.com"], &[], &["download=1"], ELSEWHERE),
    (&["icloud.com", "icloud.com.cn"], &[], &[], ELSEWHERE),
    (&["wetransfer.com", "we.tl"], &[], &[], ELSEWHERE),
    (&["box.com"], &["/s/", "/file/", "/v/"], &[], ELSEWHERE),
    (&["flickr.com"], &["/photos/", "/gp/"], &[], ELSEWHERE),
    (&["unsplash.com", "pexels.com"], &["/photos/", "/photo/"], &[], ELSEWHERE),
    (&["instagram.com", "facebook.com", "pinterest.com"], &[], &[], ELSEWHERE),
    (&["canva.com", "figma.com", "notion.so"], &[], &[], ELSEWHERE),
];

fn is_at(host: &str, (hosts, ..): &Service) -> bool {
    hosts.iter().any(|known| {
        host.strip_suffix(known)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Why a link shows a page in place of the photo, and what to do.
pub(super) fn shows_page(url: &Url) -> Option<(&'static str, &'static str)> {
    let host = url.host_str()?.trim_end_matches('.');
    let (_, paths, of_file, help) = SERVICES.iter().find(|service| is_at(host, service))?;
    let is_page = paths.is_empty() || paths.iter().any(|part| url.path().starts_with(part));
    // Their own hosts for files are `dl.` or named for pictures.
    let is_file = host.starts_with("dl.")
        || url
            .query()
            .is_some_and(|query| query.split('&').any(|part| of_file.contains(&part)));
    (is_page && !is_file).then_some((MESSAGE, *help))
}

/// Whether other addresses at the same server may differ from one that was let through.
pub(super) fn depends_on_path(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    SERVICES.iter().any(|service| is_at(host, service))
}

// A webhook receiver for a host of small functions that speak the web's own Request and Response.
// It keeps each delivery as one object in a bucket and answers only once it is stored. It checks
// nothing and holds no key: `creativeai reconcile --replay FOLDER` checks every signature later.
//
// Bind a bucket (anything with `put(name, text)`) as CAPTURES, and set SECRET_PATH to a path that
// no one can guess, such as /hook/7c1d9f4be0a2.

const LARGEST_BODY = 1024 * 1024;

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname !== env.SECRET_PATH) return new Response("not here", { status: 404 });
    if (request.method !== "POST") return new Response("POST only", { status: 405 });

    // The bytes as they came: the signature covers them and nothing else.
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length > LARGEST_BODY) return new Response("too large", { status: 413 });

    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    const capture = {
      v: 1,
      received_at: new Date().toISOString(),
      method: request.method,
      url: url.pathname + url.search, // the query names the job
      headers: Object.fromEntries(request.headers),
      body_b64: btoa(binary),
    };
    // Some systems take no colons in the name of a file, which this becomes once it is copied.
    const name = `${capture.received_at.replaceAll(":", "-")}-${crypto.randomUUID()}.json`;
    await env.CAPTURES.put(name, JSON.stringify(capture) + "\n");
    return new Response("kept");
  },
};

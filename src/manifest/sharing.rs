//! Links for sharing, which show a page and not the photo.

use url::Url;

/// A service whose links for sharing show a page, not the photo.
struct Service {
    /// Hosts, with all below them.
    hosts: &'static [&'static str],
    /// What the path begins with, or one of these; empty for any.
    paths: &'static [&'static str],
    /// Part of the query that makes the link one of the file itself.
    unless: &'static [&'static str],
    message: &'static str,
    help: &'static str,
}

const ELSEWHERE: &str = "upload the photo to a place that gives its own address, which ends in .jpg \
                         or the like and shows only the photo";

/// Further services go in here.
const SERVICES: [Service; 12] = [
    Service {
        hosts: &["drive.google.com", "docs.google.com"],
        paths: &[
            "/file/",
            "/open",
            "/drive/",
            "/folders/",
            "/document/",
            "/presentation/",
        ],
        unless: &["export=download"],
        message: "this Google Drive link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["photos.google.com", "photos.app.goo.gl"],
        paths: &[],
        unless: &[],
        message: "this Google Photos link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["dropbox.com", "db.tt"],
        paths: &[],
        unless: &["dl=1", "raw=1"],
        message: "this Dropbox link shows a page, not the photo",
        help: "write raw=1 in place of dl=0 at its end (or add ?raw=1)",
    },
    Service {
        hosts: &["1drv.ms", "onedrive.live.com"],
        paths: &[],
        unless: &["download=1"],
        message: "this OneDrive link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["sharepoint.com"],
        paths: &[],
        unless: &["download=1"],
        message: "this SharePoint link shows a page or a log-in",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["icloud.com", "icloud.com.cn"],
        paths: &[],
        unless: &[],
        message: "this iCloud link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["wetransfer.com", "we.tl"],
        paths: &[],
        unless: &[],
        message: "this WeTransfer link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["box.com"],
        paths: &["/s/", "/file/", "/v/"],
        unless: &[],
        message: "this Box link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["flickr.com"],
        paths: &["/photos/", "/gp/"],
        unless: &[],
        message: "this Flickr link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["unsplash.com", "pexels.com"],
        paths: &["/photos/", "/photo/"],
        unless: &[],
        message: "this link shows the photo's page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["instagram.com", "facebook.com", "pinterest.com"],
        paths: &[],
        unless: &[],
        message: "this link shows a page, not the photo",
        help: ELSEWHERE,
    },
    Service {
        hosts: &["canva.com", "figma.com", "notion.so"],
        paths: &[],
        unless: &[],
        message: "this link shows a page, not the photo",
        help: ELSEWHERE,
    },
];

fn is_at(host: &str, service: &Service) -> bool {
    service.hosts.iter().any(|known| {
        host.strip_suffix(known)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Why a link shows a page in place of the photo, and what to do.
pub(super) fn shows_page(url: &Url) -> Option<(&'static str, &'static str)> {
    let host = url.host_str()?.trim_end_matches('.');
    let service = SERVICES.iter().find(|service| is_at(host, service))?;
    let is_page = service.paths.is_empty()
        || service
            .paths
            .iter()
            .any(|part| url.path().starts_with(part));
    // Their own hosts for files are `dl.` or named for pictures.
    let is_file = host.starts_with("dl.")
        || url.query().is_some_and(|query| {
            let mut parts = query.split('&');
            parts.any(|part| service.unless.contains(&part))
        });
    (is_page && !is_file).then_some((service.message, service.help))
}

/// Whether other addresses at the same server may differ from one that was let through.
pub(super) fn depends_on_path(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    SERVICES.iter().any(|service| is_at(host, service))
}

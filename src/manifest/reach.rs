//! Addresses of photos that the vendor cannot fetch, detected without asking a server: on this computer, in a
//! network, or links for sharing, which show a page.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

const SHARING_PAGE: &str = "this link shows a page, not the photo";
const USE_DIRECT_LINK: &str = "upload the photo to a host that gives it a direct address, one that ends \
                         in .jpg or similar and shows only the photo";
const USE_RAW_LINK: &str = "change dl=0 at its end to raw=1 (or add ?raw=1)";

/// Hosts of a service, with all below them; what the path begins with, or one of these, or nothing for
/// any; parts of the query that make the link one of the file itself; and what to do.
type SharingService = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

/// Further services go in here.
#[rustfmt::skip]
const SERVICES: [SharingService; 12] = [
    (&["drive.google.com", "docs.google.com"],
     &["/file/", "/open", "/drive/", "/folders/", "/document/", "/presentation/"], &["export=download"], USE_DIRECT_LINK),
    (&["photos.google.com", "photos.app.goo.gl"], &[], &[], USE_DIRECT_LINK),
    (&["dropbox.com", "db.tt"], &[], &["dl=1", "raw=1"], USE_RAW_LINK),
    (&["1drv.ms", "onedrive.live.com"], &[], &["download=1"], USE_DIRECT_LINK),
    (&["sharepoint.com"], &[], &["download=1"], USE_DIRECT_LINK),
    (&["icloud.com", "icloud.com.cn"], &[], &[], USE_DIRECT_LINK),
    (&["wetransfer.com", "we.tl"], &[], &[], USE_DIRECT_LINK),
    (&["box.com"], &["/s/", "/file/", "/v/"], &[], USE_DIRECT_LINK),
    (&["flickr.com"], &["/photos/", "/gp/"], &[], USE_DIRECT_LINK),
    (&["unsplash.com", "pexels.com"], &["/photos/", "/photo/"], &[], USE_DIRECT_LINK),
    (&["instagram.com", "facebook.com", "pinterest.com"], &[], &[], USE_DIRECT_LINK),
    (&["canva.com", "figma.com", "notion.so"], &[], &[], USE_DIRECT_LINK),
];

fn is_at(host: &str, (hosts, ..): &SharingService) -> bool {
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
    (is_page && !is_file).then_some((SHARING_PAGE, *help))
}

/// Whether other addresses at the same server may differ from one that was let through.
pub(super) fn depends_on_path(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    SERVICES.iter().any(|service| is_at(host, service))
}

/// Why the vendor cannot fetch a photo, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfReach {
    pub message: &'static str,
    pub help: &'static str,
}

const UPLOAD: &str = "the vendor fetches the photo over the internet: upload it, for example to \
                      your website or shop, and write that address; or have it uploaded: \
                      upload = \"s3://BUCKET/PREFIX\" in [photos] of creativeai.toml";

/// Endings of names that only a home's or an office's network knows.
const PRIVATE_ENDINGS: [&str; 10] = [
    ".local",
    ".lan",
    ".internal",
    ".home",
    ".home.arpa",
    ".localdomain",
    ".intranet",
    ".corp",
    ".private",
    ".fritz.box",
];

/// Why an address that is well formed cannot be fetched by the vendor, if that can be seen from it.
/// `allow_own` lets addresses on this computer through, for a stand-in that runs here.
pub fn out_of_reach(url: &Url, allow_own: bool) -> Option<OutOfReach> {
    let where_to = match url.host()? {
        Host::Domain(name) => of_name(name),
        Host::Ipv4(ip) => of_ip(IpAddr::V4(ip)),
        Host::Ipv6(ip) => of_ip(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)),
    };
    match where_to {
        HostKind::Own if allow_own => None,
        HostKind::Own => Some(OutOfReach {
            message: "the photo is on this computer, where the vendor cannot fetch it",
            help: UPLOAD,
        }),
        HostKind::Network => Some(OutOfReach {
            message: "the photo is on your own network, where the vendor cannot fetch it",
            help: UPLOAD,
        }),
        HostKind::Internet => shows_page(url).map(|(message, help)| OutOfReach { message, help }),
    }
}

enum HostKind {
    /// This computer.
    Own,
    /// A home's or an office's network.
    Network,
    Internet,
}

fn of_name(name: &str) -> HostKind {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        HostKind::Own
    } else if !name.contains('.') || PRIVATE_ENDINGS.iter().any(|end| name.ends_with(end)) {
        HostKind::Network
    } else {
        HostKind::Internet
    }
}

fn of_ip(ip: IpAddr) -> HostKind {
    let is_shared = |ip: Ipv4Addr| ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
    let is_network = match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || is_shared(ip),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    if ip.is_loopback() || ip.is_unspecified() {
        HostKind::Own
    } else if is_network {
        HostKind::Network
    } else {
        HostKind::Internet
    }
}

/// Why a text that is not an http address cannot be fetched, if it names a file in some other way.
pub(super) fn local_file(text: &str) -> Option<OutOfReach> {
    let bytes = text.as_bytes();
    let is_drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    let lower = text.get(..12).unwrap_or(text).to_ascii_lowercase();
    let is_share =
        text.starts_with("\\\\") || lower.starts_with("smb:") || lower.starts_with("afp:");
    let schemes = [
        "file:",
        "blob:",
        "content:",
        "~/",
        "/users/",
        "/home/",
        "/volumes/",
    ];
    if is_share {
        Some(OutOfReach {
            message: "the photo is on your own network, where the vendor cannot fetch it",
            help: UPLOAD,
        })
    } else if is_drive || schemes.iter().any(|scheme| lower.starts_with(scheme)) {
        Some(OutOfReach {
            message: "the photo is a file on this computer, where the vendor cannot fetch it",
            help: UPLOAD,
        })
    } else if lower.starts_with("data:") {
        Some(OutOfReach {
            message: "the cell holds the photo itself, not its address",
            help: UPLOAD,
        })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(address: &str, allow_own: bool) -> Option<&'static str> {
        out_of_reach(&Url::parse(address).unwrap(), allow_own).map(|o| o.message)
    }

    #[test]
    fn what_only_this_computer_or_network_sees_is_out_of_reach() {
        for address in [
            "http://localhost/a.jpg",
            "http://photos.localhost:8080/a.jpg",
            "http://127.0.0.1/a.jpg",
            "http://127.9.9.9/a.jpg",
            "http://0.0.0.0:8000/a.jpg",
            "http://[::1]/a.jpg",
            "http://[::ffff:127.0.0.1]/a.jpg",
            "http://2130706433/a.jpg",
        ] {
            assert!(
                refusal(address, false).unwrap().contains("this computer"),
                "{address}"
            );
            assert_eq!(refusal(address, true), None, "{address}");
        }
        for address in [
            "http://10.0.0.8/a.jpg",
            "http://172.16.0.1/a.jpg",
            "http://172.31.255.1/a.jpg",
            "http://192.168.1.20/a.jpg",
            "http://169.254.7.7/a.jpg",
            "http://100.64.0.1/a.jpg",
            "http://[fc00::1]/a.jpg",
            "http://[fd12:3456::1]/a.jpg",
            "http://[fe80::1]/a.jpg",
            "https://nas.local/a.jpg",
            "https://NAS.Local./a.jpg",
            "https://nas.lan/a.jpg",
            "https://files.internal/a.jpg",
            "https://nas/a.jpg",
        ] {
            assert!(
                refusal(address, true).unwrap().contains("your own network"),
                "{address}"
            );
        }
        for address in [
            "https://cdn.example.com/a.jpg",
            "https://172.32.0.1/a.jpg",
            "https://100.128.0.1/a.jpg",
            "https://local.example.com/a.jpg",
            "https://[2606:4700::1]/a.jpg",
        ] {
            assert_eq!(refusal(address, false), None, "{address}");
        }
    }

    #[test]
    fn links_that_show_a_page_are_known() {
        for address in [
            "https://drive.google.com/file/d/abc/view?usp=sharing",
            "https://drive.google.com/open?id=abc",
            "https://photos.app.goo.gl/abc",
            "https://www.dropbox.com/s/abc/a.jpg?dl=0",
            "https://www.dropbox.com/scl/fi/abc/a.jpg?rlkey=x&dl=0",
            "https://1drv.ms/i/s!abc",
            "https://contoso.sharepoint.com/:i:/g/abc",
            "https://share.icloud.com/photos/abc",
            "https://www.icloud.com/iclouddrive/abc",
            "https://we.tl/t-abc",
            "https://app.box.com/s/abc",
        ] {
            assert!(refusal(address, false).is_some(), "{address}");
        }
        for address in [
            "https://drive.google.com/uc?export=download&id=abc",
            "https://drive.google.com/thumbnail?id=abc",
            "https://lh3.googleusercontent.com/abc",
            "https://www.dropbox.com/s/abc/a.jpg?raw=1",
            "https://www.dropbox.com/scl/fi/abc/a.jpg?rlkey=x&dl=1",
            "https://dl.dropboxusercontent.com/s/abc/a.jpg",
            "https://notdropbox.com/a.jpg",
            "https://live.staticflickr.com/1/2.jpg",
            "https://images.unsplash.com/photo-1",
            "https://app.box.com/shared/static/abc.jpg",
        ] {
            assert_eq!(refusal(address, false), None, "{address}");
        }
    }

    #[test]
    fn files_are_no_addresses() {
        for text in [
            "file:///C:/a.jpg",
            "C:\\Photos\\a.jpg",
            "d:/photos/a.jpg",
            "\\\\nas\\photos\\a.jpg",
            "smb://nas/a.jpg",
            "/Users/ann/a.jpg",
            "~/a.jpg",
            "data:image/png;base64,AAAA",
        ] {
            assert!(local_file(text).is_some(), "{text}");
        }
        for text in ["a.jpg", "www.example.com/a.jpg", "c:d", ""] {
            assert_eq!(local_file(text), None, "{text}");
        }
    }
}

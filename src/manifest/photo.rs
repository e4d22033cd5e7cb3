//! Addresses of photos that the vendor cannot fetch, known without asking any server.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

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
        Reach::Own if allow_own => None,
        Reach::Own => Some(OutOfReach {
            message: "the photo is on this computer, where the vendor cannot fetch it",
            help: UPLOAD,
        }),
        Reach::Network => Some(OutOfReach {
            message: "the photo is in your own network, where the vendor cannot fetch it",
            help: UPLOAD,
        }),
        Reach::Internet => share_link(url),
    }
}

enum Reach {
    /// This computer.
    Own,
    /// A home's or an office's network.
    Network,
    Internet,
}

fn of_name(name: &str) -> Reach {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        Reach::Own
    } else if !name.contains('.') || PRIVATE_ENDINGS.iter().any(|end| name.ends_with(end)) {
        Reach::Network
    } else {
        Reach::Internet
    }
}

fn of_ip(ip: IpAddr) -> Reach {
    let is_shared = |ip: Ipv4Addr| ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
    let is_network = match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || is_shared(ip),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    if ip.is_loopback() || ip.is_unspecified() {
        Reach::Own
    } else if is_network {
        Reach::Network
    } else {
        Reach::Internet
    }
}

/// A service whose links for sharing show a page, not the photo.
struct Service {
    /// Hosts, with all below them.
    hosts: &'static [&'static str],
    /// What the path begins with, or one of these; empty for any.
    paths: &'static [&'static str],
    /// Part of the query that makes the link one of the file itself.
    unless: &'static [&'static str],
    refusal: OutOfReach,
}

const fn page(message: &'static str, help: &'static str) -> OutOfReach {
    OutOfReach { message, help }
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
        refusal: page(
            "this Google Drive link shows a page, not the photo",
            ELSEWHERE,
        ),
    },
    Service {
        hosts: &["photos.google.com", "photos.app.goo.gl"],
        paths: &[],
        unless: &[],
        refusal: page(
            "this Google Photos link shows a page, not the photo",
            ELSEWHERE,
        ),
    },
    Service {
        hosts: &["dropbox.com", "db.tt"],
        paths: &[],
        unless: &["dl=1", "raw=1"],
        refusal: page(
            "this Dropbox link shows a page, not the photo",
            "write raw=1 in place of dl=0 at its end (or add ?raw=1)",
        ),
    },
    Service {
        hosts: &["1drv.ms", "onedrive.live.com"],
        paths: &[],
        unless: &["download=1"],
        refusal: page("this OneDrive link shows a page, not the photo", ELSEWHERE),
    },
    Service {
        hosts: &["sharepoint.com"],
        paths: &[],
        unless: &["download=1"],
        refusal: page("this SharePoint link shows a page or a log-in", ELSEWHERE),
    },
    Service {
        hosts: &["icloud.com", "icloud.com.cn"],
        paths: &[],
        unless: &[],
        refusal: page("this iCloud link shows a page, not the photo", ELSEWHERE),
    },
    Service {
        hosts: &["wetransfer.com", "we.tl"],
        paths: &[],
        unless: &[],
        refusal: page(
            "this WeTransfer link shows a page, not the photo",
            ELSEWHERE,
        ),
    },
    Service {
        hosts: &["box.com"],
        paths: &["/s/", "/file/", "/v/"],
        unless: &[],
        refusal: page("this Box link shows a page, not the photo", ELSEWHERE),
    },
    Service {
        hosts: &["flickr.com"],
        paths: &["/photos/", "/gp/"],
        unless: &[],
        refusal: page("this Flickr link shows a page, not the photo", ELSEWHERE),
    },
    Service {
        hosts: &["unsplash.com", "pexels.com"],
        paths: &["/photos/", "/photo/"],
        unless: &[],
        refusal: page("this link shows the photo's page, not the photo", ELSEWHERE),
    },
    Service {
        hosts: &["instagram.com", "facebook.com", "pinterest.com"],
        paths: &[],
        unless: &[],
        refusal: page("this link shows a page, not the photo", ELSEWHERE),
    },
    Service {
        hosts: &["canva.com", "figma.com", "notion.so"],
        paths: &[],
        unless: &[],
        refusal: page("this link shows a page, not the photo", ELSEWHERE),
    },
];

fn is_at(host: &str, service: &Service) -> bool {
    service.hosts.iter().any(|known| {
        host.strip_suffix(known)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

fn share_link(url: &Url) -> Option<OutOfReach> {
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
    (is_page && !is_file).then_some(service.refusal)
}

/// Whether other addresses at the same server may differ from one that was let through.
pub(super) fn depends_on_path(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    SERVICES.iter().any(|service| is_at(host, service))
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
            message: "the photo is in your own network, where the vendor cannot fetch it",
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

/// The addresses in a cell that holds several, with whatever stands between them left out. A
/// single address in brackets after a name, as Airtable writes attachments, is one of these, too.
/// An address within an address is none of its own.
pub(super) fn addresses_in(text: &str) -> Vec<&str> {
    let found = named_in(text).into_iter();
    found.map(|photo| photo.address).collect()
}

/// A photo's address in a cell, and the name in front of it: `kitchen.jpg (https://...)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub name: Option<&'a str>,
    pub address: &'a str,
}

/// The web addresses in a text, each with its name where it has one.
pub(super) fn named_in(text: &str) -> Vec<Named<'_>> {
    let is_between = |c: char| c.is_whitespace() || "|;,(<\"'".contains(c);
    let mut starts: Vec<usize> = ["https://", "http://"]
        .iter()
        .flat_map(|scheme| text.match_indices(scheme).map(|(at, _)| at))
        .filter(|&at| text[..at].chars().next_back().is_none_or(is_between))
        .collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut last = 0;
    let mut found = Vec::with_capacity(starts.len());
    for (&start, end) in starts.iter().zip(ends) {
        let piece = &text[start..end];
        let name = text[last..start].strip_suffix('(');
        let piece = match piece.find(')').filter(|_| name.is_some()) {
            Some(close) => &piece[..close],
            None => piece,
        };
        last = start + piece.len();
        let name = name.map(|name| {
            name.trim_start_matches(|c| c == ')' || is_between(c))
                .trim_end()
        });
        found.push(Named {
            name: name.filter(|name| !name.is_empty()),
            address: piece.trim_end_matches(|c: char| is_between(c) || c == '>'),
        });
    }
    found
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

    #[test]
    fn several_addresses_are_reported_apart() {
        const A: &str = "https://e.com/a.jpg";
        const B: &str = "http://e.com/b.jpg?x=1";
        for text in [
            format!("{A}|{B}"),
            format!("{A};{B}"),
            format!("{A},{B}"),
            format!("{A}, {B},"),
            format!("{A} {B}"),
            format!("{A}\n{B}\n"),
            format!("{A} | {B}"),
            format!("a.jpg ({A}),b.jpg ({B})"),
            format!("\"{A}\",\"{B}\""),
        ] {
            assert_eq!(addresses_in(&text), [A, B], "{text}");
        }
        assert_eq!(addresses_in(&format!("a (1).jpg ({A})")), [A]);
        let text = format!("Bath, old (1).jpg ({A}), b.jpg ({B}),{A}");
        let names: Vec<_> = named_in(&text).iter().map(|photo| photo.name).collect();
        assert_eq!(names, [Some("Bath, old (1).jpg"), Some("b.jpg"), None]);
        for one in [
            A,
            "https://r.example/fetch/w_400,h_300/https://e.com/a.jpg",
            "https://r.example/?url=https://e.com/a.jpg",
            "https://e.com/a,b;c|d.jpg",
        ] {
            assert_eq!(addresses_in(one), [one]);
        }
        assert!(addresses_in("a.jpg").is_empty());
    }
}

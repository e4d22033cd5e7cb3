//! Which addresses a clip may come from: the network, never this machine's neighbors.
//!
//! An `output_url` and every redirect from it are other people's texts. Checked are the address
//! itself and, by a resolver of our own, each number its name resolves to, in the same step that connects: a
//! name cannot answer the check with one number and the connection with another.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::vendor::is_loopback;

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somewhere on the internet.
    Public,
    /// To this machine.
    Loopback,
}

/// Why an address is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// It is not a web address.
    #[error("it is not a web address")]
    Unreadable,
    /// It is not https, nor http to this machine.
    #[error("it is not https")]
    NotHttps,
    /// It leads into a private network, or to this machine where it must not.
    #[error("{0} is not on the public internet")]
    Private(String),
}

/// Checks an address before it is called. This machine is allowed only `from` this machine, or as
/// the first address (`None`), which is how a stand-in server is reached.
pub fn check(url: &Url, from: Option<Reach>) -> Result<Reach, AddressRefusal> {
    let host = url.host().ok_or(AddressRefusal::Unreadable)?;
    if is_loopback(url) {
        return match (url.scheme(), from) {
            (_, Some(Reach::Public)) => Err(AddressRefusal::Private(host.to_string())),
            ("http" | "https", _) => Ok(Reach::Loopback),
            _ => Err(AddressRefusal::NotHttps),
        };
    }
    if url.scheme() != "https" {
        return Err(AddressRefusal::NotHttps);
    }
    let literal = match host {
        Host::Domain(_) => None,
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
    };
    match literal {
        Some(ip) if !is_public(ip) => Err(AddressRefusal::Private(ip.to_string())),
        _ => Ok(Reach::Public),
    }
}

/// Whether a number is one of the public internet's.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || a == 0
        // Carrier-grade NAT, protocol assignments, benchmarks, reserved and broadcast.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let parts = ip.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // IPv4 in other clothes: compatible (with `::` and `::1`), mapped, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => embedded(high, low),
        // Local NAT64, Teredo.
        [0x64, 0xff9b, ..] | [0x2001, 0, ..] => false,
        // Unique local, link-local, site-local, multicast.
        [first, ..] => {
            first & 0xfe00 != 0xfc00
                && first & 0xffc0 != 0xfe80
                && first & 0xffc0 != 0xfec0
                && first & 0xff00 != 0xff00
        }
    }
}

/// Looks a host's name up; the ports of the answers do not matter.
pub type HostLookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system's own lookup.
pub fn system_lookup() -> HostLookup {
    Arc::new(|host| {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
    })
}

/// A resolver that answers only with numbers of one [`Reach`].
pub(super) struct Guard {
    pub lookup: HostLookup,
    pub reach: Reach,
    /// Hosts that a person named as proxies: those may be anywhere.
    pub exempt: Arc<HashSet<String>>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let lookup = (self.lookup)(host.clone());
        let reach = self.reach;
        let is_exempt = self.exempt.contains(&host.to_ascii_lowercase());
        Box::pin(async move {
            let found = lookup.await?;
            let fits = |address: &SocketAddr| match reach {
                Reach::Public => is_public(address.ip()),
                Reach::Loopback => address.ip().is_loopback(),
            };
            // One wrong number spoils the name: an honest one has none.
            match found.iter().find(|address| !is_exempt && !fits(address)) {
                Some(wrong) => {
                    Err(AddressRefusal::Private(format!("{host} ({})", wrong.ip())).into())
                }
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// The refusal that an error came from, where it came from one.
pub(super) fn refusal<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a AddressRefusal> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(address: &str) -> Result<Reach, AddressRefusal> {
        check(&Url::parse(address).unwrap(), None)
    }

    #[test]
    fn the_internet_is_reached_by_https_only() {
        assert_eq!(first("https://cdn.example.com/a.mp4"), Ok(Reach::Public));
        assert_eq!(first("https://8.8.8.8/a"), Ok(Reach::Public));
        assert_eq!(first("https://[2606:4700::1111]/a"), Ok(Reach::Public));
        for address in ["http://cdn.example.com/a", "ftp://x/a", "http://8.8.8.8/"] {
            assert_eq!(first(address), Err(AddressRefusal::NotHttps), "{address}");
        }
        assert_eq!(first("data:text/plain,x"), Err(AddressRefusal::Unreadable));
    }

    #[test]
    fn this_machine_may_be_the_first_address_but_not_the_internets_next() {
        for address in [
            "http://127.0.0.1:9/a",
            "http://localhost/a",
            "http://[::1]/a",
            "http://0x7f.1/",
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(check(&url, None), Ok(Reach::Loopback), "{address}");
            assert_eq!(check(&url, Some(Reach::Loopback)), Ok(Reach::Loopback));
            let refused = check(&url, Some(Reach::Public));
            assert!(
                matches!(refused, Err(AddressRefusal::Private(_))),
                "{address}"
            );
        }
    }

    #[test]
    fn private_numbers_are_refused_in_every_spelling() {
        for host in [
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0xa.1",
            "2852039166",
            "[fd00::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[::]",
            "[::ffff:10.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
        ] {
            let refused = first(&format!("https://{host}/a"));
            assert!(matches!(refused, Err(AddressRefusal::Private(_))), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_with_one_private_number_is_refused() {
        let lookup: HostLookup = Arc::new(|host| {
            Box::pin(async move {
                let second = if host == "good.example" {
                    "9.9.9.9"
                } else {
                    "127.0.0.1"
                };
                let numbers = ["8.8.8.8", second];
                Ok(numbers
                    .iter()
                    .map(|n| SocketAddr::new(n.parse().unwrap(), 0))
                    .collect())
            })
        });
        let guard = |exempt: &[&str]| Guard {
            lookup: lookup.clone(),
            reach: Reach::Public,
            exempt: Arc::new(exempt.iter().map(|&h| h.to_owned()).collect()),
        };
        let resolve = |guard: Guard, name: &str| guard.resolve(name.parse().unwrap());
        assert!(resolve(guard(&[]), "good.example").await.is_ok());
        let Err(error) = resolve(guard(&[]), "bad.example").await else {
            panic!("resolved")
        };
        assert!(refusal(&*error).is_some(), "{error}");
        assert!(
            resolve(guard(&["bad.example"]), "bad.example")
                .await
                .is_ok()
        );
    }
}

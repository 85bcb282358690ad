//! Where webhooks may go: to the open internet, by https. Names are looked up when a connection is made, and what leads
//! inside is refused then, whatever the name led to before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

/// Longer ones nobody means.
const LONGEST: usize = 2000;

/// Why nothing is delivered to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAllowed {
    /// It cannot be read.
    #[error("it is no web address: write it as https://shop.example/hooks")]
    NoAddress,
    /// It is too long.
    #[error("it is longer than 2000 characters")]
    TooLong,
    /// Anybody between us and the receiver could read it.
    #[error("it is not https")]
    NotHttps,
    /// They would be shown in logs.
    #[error("it holds a user or a password: webhooks are known by their signature")]
    Credentials,
    /// It leads to this machine or to its neighbours.
    #[error("it leads into a private network, or to this machine")]
    Inside,
}

/// A text as an address that webhooks may go to. Plain http is for this very machine alone, where that is allowed.
pub fn checked(text: &str, allow_loopback: bool) -> Result<Url, NotAllowed> {
    if text.len() > LONGEST {
        return Err(NotAllowed::TooLong);
    }
    let url = Url::parse(text).map_err(|_| NotAllowed::NoAddress)?;
    let host = url.host().ok_or(NotAllowed::NoAddress)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotAllowed::Credentials);
    }
    let address = match host {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    };
    let is_loopback = match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(_) | Host::Ipv6(_) => address.is_some_and(|address| address.is_loopback()),
    };
    match url.scheme() {
        "http" | "https" if is_loopback && allow_loopback => Ok(url),
        "https" if is_loopback || address.is_some_and(|address| !is_outside(address)) => Err(NotAllowed::Inside),
        "https" => Ok(url),
        "http" => Err(NotAllowed::NotHttps),
        _ => Err(NotAllowed::NoAddress),
    }
}

/// Looks names up, and keeps only what is outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outside {
    pub(super) allow_loopback: bool,
}

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_loopback = self.allow_loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may = |found: &SocketAddr| is_outside(found.ip()) || (allow_loopback && found.ip().is_loopback());
            let outside: Vec<SocketAddr> = found.filter(may).collect();
            match outside.is_empty() {
                true => Err(NotAllowed::Inside.into()),
                false => Ok(Box::new(outside.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is anybody's on the open internet.
fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_v4(address),
        IpAddr::V6(address) => is_outside_v6(address),
    }
}

fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // This network; carriers' own; protocol assignments; 6to4 relays; benchmarks; multicast and what is reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224;
    !is_special
}

/// Only what is given out to the world, and of that nothing that carries another address within.
fn is_outside_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_given_out = (0x2000..0x4000).contains(&a);
    let carries_another = a == 0x2002 || (a, b) == (0x2001, 0);
    let is_example = (a, b) == (0x2001, 0x0db8) || (a == 0x3fff && b < 0x1000);
    let is_for_protocols = a == 0x2001 && b < 0x0200;
    is_given_out && !carries_another && !is_example && !is_for_protocols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_inside_is_refused_in_every_spelling() {
        let inside = [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.1",
            "192.88.99.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[::127.0.0.1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12::1]",
            "[ff02::1]",
            "[fec0::1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:1::]",
            "[2001:db8::1]",
            "[100::1]",
            "localhost",
            "LOCALHOST",
        ];
        for host in inside {
            assert_eq!(checked(&format!("https://{host}/hook"), false), Err(NotAllowed::Inside), "{host}");
        }
        for host in ["shop.example", "8.8.8.8", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]"] {
            assert!(checked(&format!("https://{host}:8443/hook?a=b"), false).is_ok(), "{host}");
        }
    }

    #[test]
    fn only_https_and_no_passwords() {
        for (url, refused) in [
            ("http://shop.example/", NotAllowed::NotHttps),
            ("ftp://shop.example/", NotAllowed::NoAddress),
            ("file:///etc/passwd", NotAllowed::NoAddress),
            ("shop.example", NotAllowed::NoAddress),
            ("https://me:secret@shop.example/", NotAllowed::Credentials),
            ("https://me@shop.example/", NotAllowed::Credentials),
            ("", NotAllowed::NoAddress),
        ] {
            assert_eq!(checked(url, false), Err(refused), "{url}");
            assert!(checked(url, true).is_err(), "{url}");
        }
        assert_eq!(checked(&format!("https://a/{}", "a".repeat(2000)), false), Err(NotAllowed::TooLong));
    }

    #[test]
    fn this_machine_is_reached_only_where_that_is_allowed() {
        for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "https://127.0.0.1/"] {
            assert!(checked(url, false).is_err(), "{url}");
            assert!(checked(url, true).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1/", "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/"] {
            assert!(checked(url, true).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_looked_up() {
        let found = |allow_loopback| Outside { allow_loopback }.resolve("localhost".parse().unwrap());
        let refused = found(false).await.err().unwrap();
        assert_eq!(refused.downcast_ref(), Some(&NotAllowed::Inside));
        assert!(found(true).await.unwrap().all(|address| address.ip().is_loopback()));
    }
}

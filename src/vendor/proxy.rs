//! The proxy from the environment: it is between here and the API, so errors name it.

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::BaseUrl;

/// Variables that name a proxy for https, the first one that is set wins.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The other end as a person should know it: the address, and the proxy on the way to it without
/// its user name and password. Requests to this computer go through none.
pub fn peer(base: &BaseUrl) -> String {
    let origin = base.origin();
    if !base.is_https() {
        return origin.to_owned();
    }
    let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match proxy_for(origin, &Matcher::from_env()) {
        Some(proxy) => {
            let variable = VARIABLES.iter().find(is_set).unwrap_or(&"the environment");
            format!("{origin} through the proxy {proxy} (from {variable})")
        }
        None => origin.to_owned(),
    }
}

fn proxy_for(origin: &str, matcher: &Matcher) -> Option<String> {
    let found = matcher.intercept(&origin.parse::<Uri>().ok()?)?;
    let proxy = found.uri();
    // The part before an @ could be a password.
    let host = proxy.authority()?.as_str().rsplit('@').next()?;
    Some(format!("{}://{host}", proxy.scheme_str().unwrap_or("http")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let matcher = Matcher::builder()
            .https("http://me:hunter2@proxy.example.com:3128")
            .no("internal.example.com")
            .build();
        assert_eq!(
            proxy_for("https://api.creativeai.run", &matcher).as_deref(),
            Some("http://proxy.example.com:3128")
        );
        assert_eq!(proxy_for("https://internal.example.com", &matcher), None);
    }
}

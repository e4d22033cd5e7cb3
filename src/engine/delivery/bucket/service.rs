//! The services that buckets are of: how a store is opened, and what it asks for.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use object_store::ClientConfigKey::Timeout;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, Checksum};
use object_store::azure::{AzureAccessKey, AzureConfigKey, AzureCredential, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::multipart::MultipartStore;
use object_store::path::Path as Key;
use object_store::signer::{Method, Signer};
use object_store::{Error, ObjectStore, RetryConfig, StaticCredentialProvider};
use url::Url;

use crate::vendor::is_loopback;

/// Tries of one request after the first.
const RETRIES: usize = 3;
/// How long one request is tried.
const RETRY_TIME: Duration = Duration::from_secs(60);

/// The longest time for one request, unless the environment names one: a slow line takes long for a part
/// of a clip.
const REQUEST_TIME: &str = "300 seconds";

/// All faces of a store.
pub trait Remote: ObjectStore + MultipartStore + Signer {}

impl<T: ObjectStore + MultipartStore + Signer> Remote for T {}

/// Which service a bucket is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketService {
    S3,
    Google,
    Azure,
}

impl BucketService {
    pub fn permission(self, what: &str) -> &'static str {
        match (self, what) {
            // Without the right to list, a missing object looks like a forbidden one.
            (Self::S3, "look at") => "s3:GetObject and s3:ListBucket",
            (Self::S3, "read") => "s3:GetObject",
            (Self::S3, _) => "s3:PutObject and s3:AbortMultipartUpload",
            (Self::Google, "look at" | "read") => "storage.objects.get",
            (Self::Google, _) => "storage.objects.create",
            (Self::Azure, _) => "the role Storage Blob Data Contributor",
        }
    }

    pub fn credentials(self) -> &'static str {
        match self {
            Self::S3 => {
                "credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, \
                 another store's address from AWS_ENDPOINT_URL"
            }
            Self::Google => "credentials come from GOOGLE_APPLICATION_CREDENTIALS",
            Self::Azure => {
                "credentials come from AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"
            }
        }
    }
}

impl BucketService {
    /// A bucket's store, with the credentials of the environment.
    pub fn open(self, root: &str) -> Result<Arc<dyn Remote>, Error> {
        Ok(match self {
            Self::S3 => Arc::new(s3(root).build()?),
            Self::Google => Arc::new(google(root).build()?),
            Self::Azure => Arc::new(azure(root).build()?),
        })
    }

    /// The web address of the object `key`, without a signature. Needs no credentials and no network.
    pub fn web_address(self, root: &str, key: &Key) -> Result<Url, Error> {
        let store: Box<dyn Signer> = match self {
            // A signature that no one looks at: only what stands before it is of interest.
            Self::S3 => {
                let credential = AwsCredential {
                    key_id: "none".to_owned(),
                    secret_key: "none".to_owned(),
                    token: None,
                };
                let credentials = Arc::new(StaticCredentialProvider::new(credential));
                Box::new(s3(root).with_credentials(credentials).build()?)
            }
            Self::Azure => {
                let credential = AzureCredential::AccessKey(AzureAccessKey::try_new("bm9uZQ==")?);
                let credentials = Arc::new(StaticCredentialProvider::new(credential));
                Box::new(azure(root).with_credentials(credentials).build()?)
            }
            // Its signer needs a real key; its addresses have one form.
            Self::Google => return google_address(root, key),
        };
        let signed = store.signed_url(Method::GET, key, RETRY_TIME);
        let mut url = signed
            .now_or_never()
            .unwrap_or_else(|| Err(generic("its address depends on the network")))?;
        url.set_query(None);
        Ok(url)
    }

    /// Whether the credentials of the environment can sign addresses: Google signs only with a
    /// service account's key.
    pub fn can_sign(self) -> bool {
        if self != Self::Google {
            return true;
        }
        let is_service_account = |path: &str| {
            let text = std::fs::read(path).ok();
            let json =
                text.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
            json.is_some_and(|json| json["type"] == "service_account")
        };
        GOOGLE_KEYS.into_iter().any(|key| is_set(key, |_| true))
            || is_set("GOOGLE_APPLICATION_CREDENTIALS", is_service_account)
    }
}

/// Variables that hold the key of a service account of Google, or name its file.
const GOOGLE_KEYS: [&str; 4] = [
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "SERVICE_ACCOUNT",
];

fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_TIME,
        ..RetryConfig::default()
    }
}

fn s3(root: &str) -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::from_env()
        .with_url(root)
        .with_retry(retry());
    if !is_set("AWS_TIMEOUT", |_| true) {
        builder = builder.with_config(AmazonS3ConfigKey::Client(Timeout), REQUEST_TIME);
    }
    if is_set("AWS_ENDPOINT_URL_S3", is_here)
        || is_set("AWS_ENDPOINT_URL", is_here)
        || is_set("AWS_ENDPOINT", is_here)
    {
        builder = builder.with_allow_http(true);
    }
    if !is_set("AWS_CHECKSUM_ALGORITHM", |_| true) {
        // The store refuses a part that arrives damaged.
        builder = builder.with_checksum_algorithm(Checksum::SHA256);
    }
    builder
}

fn google(root: &str) -> GoogleCloudStorageBuilder {
    let builder = GoogleCloudStorageBuilder::from_env()
        .with_url(root)
        .with_retry(retry());
    if is_set("GOOGLE_TIMEOUT", |_| true) {
        return builder;
    }
    builder.with_config(GoogleConfigKey::Client(Timeout), REQUEST_TIME)
}

fn azure(root: &str) -> MicrosoftAzureBuilder {
    let builder = MicrosoftAzureBuilder::from_env()
        .with_url(root)
        .with_retry(retry());
    if is_set("AZURE_TIMEOUT", |_| true) {
        return builder;
    }
    builder.with_config(AzureConfigKey::Client(Timeout), REQUEST_TIME)
}

fn google_address(root: &str, key: &Key) -> Result<Url, Error> {
    let base = google(root).get_config_value(&GoogleConfigKey::BaseUrl);
    let base = base.unwrap_or_else(|| "https://storage.googleapis.com".to_owned());
    let bucket = root.trim_start_matches("gs://");
    Url::parse(&format!("{base}/{bucket}/{key}")).map_err(|error| generic(&error.to_string()))
}

fn generic(why: &str) -> Error {
    Error::Generic {
        store: "bucket",
        source: why.into(),
    }
}

fn is_set(variable: &str, fits: impl Fn(&str) -> bool) -> bool {
    std::env::var(variable).is_ok_and(|value| fits(&value))
}

/// Whether an address is this machine's: only there a store may be reached without TLS.
fn is_here(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| is_loopback(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_clip_may_take_longer_than_a_call() {
        let time = [
            s3("s3://clips").get_config_value(&AmazonS3ConfigKey::Client(Timeout)),
            google("gs://clips").get_config_value(&GoogleConfigKey::Client(Timeout)),
            azure("az://clips").get_config_value(&AzureConfigKey::Client(Timeout)),
        ];
        assert_eq!(time.map(Option::unwrap), [REQUEST_TIME; 3]);
    }

    #[test]
    fn an_object_has_a_web_address_without_credentials() {
        let key = Key::from("photos/ab.jpg");
        let s3 = BucketService::S3.web_address("s3://clips", &key).unwrap();
        assert_eq!(s3.path().trim_start_matches("/clips"), "/photos/ab.jpg");
        assert_eq!((s3.scheme(), s3.query()), ("https", None));
        let google = BucketService::Google
            .web_address("gs://clips", &key)
            .unwrap();
        assert_eq!(
            google.as_str(),
            "https://storage.googleapis.com/clips/photos/ab.jpg"
        );
    }
}

//! Photos on this computer, as the settings want them uploaded.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::engine::delivery::FailureKind;
use crate::engine::delivery::bucket::BucketError;
use crate::engine::dispatch::Attempt;
use crate::engine::photos::{PhotoError, PhotoStore, PhotoUploads};
use crate::engine::stop::Stop;
use crate::exit::Failure;
use crate::manifest::{LocalPhoto, LocalPhotos};
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{photo_of, with_photo};

const NOTHING: &str = "no row was sent";

/// The bucket for photos, where the settings name one.
pub fn store(settings: &Settings) -> Result<Option<PhotoStore>, Failure> {
    let Some(address) = &settings.photos.upload else {
        return Ok(None);
    };
    PhotoStore::open(address).map(Some).map_err(bucket_failure)
}

/// Where manifests find photos on this computer, where these are uploaded.
pub fn local(settings: &Settings) -> Result<Option<Arc<LocalPhotos>>, Failure> {
    let store = store(settings)?;
    Ok(store.map(|store| {
        let photos = LocalPhotos::new(store.root().to_owned(), settings.photos.max_size);
        Arc::new(photos)
    }))
}

/// Uploads photos, and says so. A rehearsal uploads nothing.
pub async fn place(
    photos: &[Arc<LocalPhoto>],
    settings: &Settings,
    stop: &Stop,
    printer: &Printer,
) -> Result<PhotoUploads, Failure> {
    let Some(store) = store(settings)?.filter(|_| !photos.is_empty()) else {
        return Ok(PhotoUploads::default());
    };
    if settings.sandbox {
        printer.note(format_args!(
            "{} would be uploaded to {}; a rehearsal uploads nothing",
            words::count(photos.len() as u64, "photo"),
            escape(store.address())
        ));
        return Ok(PhotoUploads::default());
    }
    store
        .check(settings.calls_this_computer())
        .map_err(bucket_failure)?;
    let Some(placed) = stop.or(store.place(photos)).await else {
        return Ok(PhotoUploads::default());
    };
    let placed = placed.map_err(photo_failure)?;
    if placed.uploaded > 0 {
        let before = match placed.present {
            0 => String::new(),
            present => format!("; {} there already", words::number(present)),
        };
        printer.note(format_args!(
            "{} uploaded to {}{before}",
            words::count(placed.uploaded, "photo"),
            escape(store.address())
        ));
    }
    Ok(placed)
}

/// The bucket's address, and how many of these photos are in it.
pub async fn present(
    photos: &[Arc<LocalPhoto>],
    settings: &Settings,
) -> Result<(String, u64), Failure> {
    let Some(store) = store(settings)? else {
        return Ok((String::new(), 0));
    };
    store
        .check(settings.calls_this_computer())
        .map_err(bucket_failure)?;
    let present = store.present(photos).await.map_err(bucket_failure)?;
    Ok((store.address().to_owned(), present))
}

/// Whether photos are in a bucket of the settings', so that new attempts need them signed again.
pub fn are_renewed(settings: &Settings) -> bool {
    settings.photos.upload.is_some() && !settings.sandbox
}

/// Gives new attempts an address of their photo that the vendor can fetch now: signatures are good
/// for some days only. `local` are photos of a manifest, uploaded where an attempt asks for them.
pub async fn renew(
    attempts: &mut [Attempt],
    local: &[Arc<LocalPhoto>],
    settings: &Settings,
    stop: &Stop,
    printer: &Printer,
) -> Result<(), Failure> {
    let Some(store) = store(settings)?.filter(|_| are_renewed(settings)) else {
        return Ok(());
    };
    let new = attempts.iter_mut().filter(|attempt| !attempt.resend);
    let asked: Vec<(&mut Attempt, String)> = new
        .filter_map(|attempt| {
            let photo = photo_of(attempt.order.request.get())?;
            photo.starts_with(store.root()).then_some((attempt, photo))
        })
        .collect();
    let wanted = local
        .iter()
        .filter(|photo| asked.iter().any(|(_, other)| *other == photo.address));
    place(
        &wanted.cloned().collect::<Vec<_>>(),
        settings,
        stop,
        printer,
    )
    .await?;
    for (attempt, photo) in asked {
        let Some(signed) = stop.or(store.sign_again(&photo)).await else {
            return Ok(());
        };
        let signed = signed.map_err(photo_failure)?;
        let body = signed.and_then(|signed| with_photo(attempt.order.request.get(), &signed));
        if let Some(body) = body.and_then(|body| RawValue::from_string(body).ok()) {
            attempt.order.request = body;
        }
    }
    Ok(())
}

fn bucket_failure(error: BucketError) -> Failure {
    match error.kind {
        FailureKind::MayHelp => Failure::temporary(error.why),
        _ => Failure::config(error.why),
    }
    .help(format!("see upload in [photos] of the settings; {NOTHING}"))
}

fn photo_failure(error: PhotoError) -> Failure {
    match error {
        PhotoError::Bucket(error) => bucket_failure(error),
        PhotoError::Changed(path) => Failure::data(format!(
            "the photo {path} was changed while the sheet was being read"
        ))
        .help(format!("run the same command again; {NOTHING}")),
        PhotoError::Missing(object) => {
            Failure::data(format!("the photo {object} is no longer in the bucket")).help(format!(
                "put it back, or submit its sheet with another photo; {NOTHING}"
            ))
        }
    }
}

use proptest::prelude::*;

use super::super::{PhotoNotes, RequestedClip};
use super::*;
use crate::jobs::{Clip, Seconds, Video, Voice};

fn video(photo: &str, prompt: &str) -> Clip {
    Clip::Video(Video {
        image_url: photo.to_owned(),
        prompt: prompt.to_owned(),
        model: "kling-v3".to_owned(),
        duration: Seconds::SHORTEST,
        aspect_ratio: "16:9".to_owned(),
    })
}

fn knowing(rows: &[(&str, Clip)]) -> Recognition {
    let mut known = Recognition::default();
    for (job, (id, clip)) in rows.iter().enumerate() {
        known.add(
            job as u32,
            &Marks::of(id, clip, "", PhotoNotes::default()),
            &MarkFilter::everything(),
        );
    }
    known.sort();
    known
}

#[test]
fn a_request_has_the_marks_of_the_row_that_it_was_made_of() {
    let rows = [
        video("https://x.example/a.jpg", "pan \"left\""),
        Clip::Voice(Voice {
            text: "Welcome".into(),
            voice: "alloy".into(),
            language: "en".into(),
            speed: "1.0".into(),
        }),
    ];
    let bodies = [
        r#"{"model":"kling-v3","prompt":"pan \"left\"","image_url":"https://x.example/a.jpg","duration":1,"aspect_ratio":"16:9","webhook_url":"https://x.example/hook"}"#,
        r#"{"text":"Welcome","voice":"alloy","language":"en","speed":1.0}"#,
    ];
    for (clip, body) in rows.iter().zip(bodies) {
        let asked = RequestedClip::parse(body).unwrap();
        let job = Marks::of(
            "LST-1",
            &asked.clip().unwrap(),
            "wide",
            PhotoNotes::default(),
        );
        let row = Marks::of("LST-1", clip, "wide", PhotoNotes::default());
        assert_eq!(asked.key("LST-1", "wide"), Some(clip.key("LST-1", "wide")));
        assert_eq!(job.id, row.id);
        assert!(job.kept().eq(row.kept()), "{body}");
        assert!(job.sought().eq(row.sought()), "{body}");
    }
}

#[test]
fn what_is_alike_is_reported_from_what_is_the_same() {
    let known = knowing(&[("0012345", video("https://x.example/a.jpg", "pan"))]);
    let like = |id: &str, photo: &str, prompt: &str| {
        let marks = Marks::of(id, &video(photo, prompt), "", PhotoNotes::default());
        let clip = known.of_clip(&marks).next();
        let clip = clip.map(|like| (like.has_same_id(), like.has_same_wording()));
        let subject = known.of_subject(&marks).next().is_some();
        (clip, subject, known.of_name(&marks).next().is_some())
    };
    let photo = "https://x.example/a.jpg";
    assert_eq!(
        like("0012345", photo, "pan "),
        (Some((true, true)), true, true)
    );
    assert_eq!(
        like("12345", photo, "pan"),
        (Some((false, true)), true, true)
    );
    assert_eq!(like("12345", photo, "tilt"), (None, true, false));
    assert_eq!(
        like("SKU-9", photo, "pan"),
        (Some((false, true)), false, false)
    );
    assert_eq!(
        like("12345", "https://y.example/b/a.jpg", "pan"),
        (None, false, true)
    );
    assert_eq!(
        like("SKU-9", "https://y.example/a.jpg", "pan"),
        (None, false, false)
    );
}

#[test]
fn a_rounded_number_finds_the_long_one_and_the_reverse() {
    let photo = || video("https://x.example/a.jpg", "pan");
    for (old, new) in [
        ("401234567890123", "4.01235E+14"),
        ("4.01235E+14", "401234567890123"),
    ] {
        let known = knowing(&[(old, photo())]);
        let marks = Marks::of(
            new,
            &video("https://x.example/a.jpg", "tilt"),
            "",
            PhotoNotes::default(),
        );
        assert_eq!(known.of_subject(&marks).count(), 1, "{old} {new}");
        let other = Marks::of("401234567890999", &photo(), "", PhotoNotes::default());
        let found = known.of_subject(&other).count();
        assert_eq!(found, usize::from(old.contains('E')), "{old}");
    }
}

proptest! {
    #[test]
    fn another_photo_is_another_clip(
        id in "[A-Z]{3}-[0-9]{1,4}", prompt in "[a-z ]{1,20}",
        one in "[a-z]{1,8}", other in "[a-z]{1,8}",
    ) {
        prop_assume!(one != other);
        let photo = |name: &str| video(&format!("https://x.example/p/{name}.jpg"), &prompt);
        let known = knowing(&[(&id, photo(&one))]);
        let marks = Marks::of(&id, &photo(&other), "", PhotoNotes::default());
        prop_assert_eq!(known.of_clip(&marks).count(), 0);
        prop_assert_eq!(known.of_subject(&marks).count(), 0);
        prop_assert_eq!(known.of_name(&marks).count(), 0);
    }
}

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::header::segments;
use super::*;
use crate::jobs::{JobKey, JobView, Rates};
use crate::output::Commands;

fn options() -> ReportOptions {
    ReportOptions {
        source: "jobs.jsonl".to_owned(),
        files: Files::Anywhere,
        clip_folders: Vec::new(),
        commands: Commands::default(),
        rates: Rates::default(),
        now: "2026-03-12T09:30:00Z".parse().unwrap(),
        unreadable: 0,
        split: None,
        wording: None,
    }
}

fn page_of(lines: &[&str], options: &ReportOptions) -> String {
    let rates = Rates::default();
    let keys: std::collections::BTreeSet<JobKey> = lines
        .iter()
        .map(|raw| crate::jobs::Line::parse(raw).unwrap().job)
        .collect();
    let views = keys.into_iter().map(|key| {
        JobView::fold(key, lines.iter().copied(), &rates)
            .unwrap()
            .unwrap()
    });
    let mut out = Vec::new();
    let shown = views.map(|view| io::Result::Ok(ReportEntry::of(&view, options)));
    report(shown, options, &mut SinglePage(&mut out)).unwrap();
    String::from_utf8(out).unwrap()
}

const READY: &str = concat!(
    r#"{"at":"2026-03-12T09:22:18Z","job":"0000000000000001","attempt":1,"status":"completed","#,
    r#""listing_id":"LST-10","generation_id":"vgen_a1","output_url":"https://cdn.example.com/a1.mp4","#,
    r#""credits":5,"line":2,"request":{"model":"kling-v3","prompt":"slow pan","#,
    r#""image_url":"https://cdn.example.com/p/living-room.jpg","duration":"5s"}}"#
);
const WAITING: &str = concat!(
    r#"{"at":"2026-03-12T09:22:18Z","job":"0000000000000002","attempt":1,"status":"pending","#,
    r#""listing_id":"LST-9","generation_id":"vgen_a2","line":3}"#
);

#[test]
fn a_page_has_photo_clip_state_cost_and_date() {
    let page = page_of(&[READY, WAITING], &options());
    for part in [
        "<title>1 of 2 clips ready</title>",
        r#"<img src="https://cdn.example.com/p/living-room.jpg" alt="Photo: living-room" loading="lazy""#,
        r#"<a class="play" href="https://cdn.example.com/a1.mp4" data-kind="video" rel="#,
        "5 credits, about $0.36 to $0.50",
        r#"datetime="2026-03-12T09:22:18Z">2026-03-12 09:22 UTC</time>"#,
        "<dt>Prompt</dt><dd>slow pan</dd>",
        "<code><span>creativeai</span> <span>reconcile</span> <span>--wait</span></code>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.find(">LST-9<").unwrap() < page.find(">LST-10<").unwrap());
    assert!(!page.contains("autoplay"));
}

#[test]
fn nothing_of_the_log_becomes_markup_or_a_dangerous_link() {
    let evil = r#"\"><script>alert(1)</script><img src=x onerror=alert(1)>' onload='x"#;
    let line = format!(
        r#"{{"at":"2026-03-12T09:22:18Z","job":"0000000000000001","attempt":1,"status":"completed",
        "listing_id":"{evil}","output_url":"javascript:alert(1)","variant":"{evil}","{evil}":"{evil}",
        "model_actual":"{evil}","request":{{"model":"{evil}","prompt":"{evil}","image_url":"javascript:alert(2)"}}}}"#
    );
    let mut hostile = options();
    hostile.source = evil.to_owned();
    let page = page_of(&[&line], &hostile);
    let clean = page_of(&[READY], &options());
    let count = |page: &str, tag: &str| page.matches(tag).count();
    for tag in ["<script", "</script", "<style", "</style"] {
        assert_eq!(count(&page, tag), count(&clean, tag), "{tag}");
    }
    assert!(!page.contains("<img src=x"));
    assert!(!page.contains("href=\"javascript"));
    assert!(!page.contains("src=\"javascript"));
    assert!(!page.contains("' onload='x"));
}

#[test]
fn the_policy_names_exactly_the_script_and_style_of_the_page() {
    let page = page_of(&[READY], &options());
    let between = |start: &str, end: &str| {
        let from = page.find(start).unwrap() + start.len();
        page[from..from + page[from..].find(end).unwrap()].to_owned()
    };
    for (text, kind) in [
        (between("<style>", "</style>"), "style-src"),
        (between("<script>", "</script>"), "script-src"),
    ] {
        let hash = STANDARD.encode(Sha256::digest(text.as_bytes()));
        // Quotes and plus signs are escaped in the attribute.
        let policy = between("Content-Security-Policy\" content=\"", "\">")
            .replace("&#39;", "'")
            .replace("&#43;", "+");
        assert!(
            policy.contains(&format!("{kind} 'sha256-{hash}'")),
            "{policy}"
        );
    }
}

#[test]
fn a_saved_clip_is_shown_from_disk_as_long_as_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options();
    options.files = Files::From(dir.path().to_owned());
    options.clip_folders = vec![dir.path().to_owned()];
    let saved = concat!(
        r#"{"at":"2026-03-12T09:24:00Z","job":"0000000000000001","attempt":1,"#,
        r#""status":"downloaded","file":"videos/01.mp4"}"#
    );
    let video = r#"<a class="play" href="videos/01.mp4" data-kind="video" data-local"#;
    assert!(!page_of(&[READY, saved], &options).contains(video));
    std::fs::create_dir(dir.path().join("videos")).unwrap();
    std::fs::write(dir.path().join("videos/01.mp4"), "clip").unwrap();
    assert!(page_of(&[READY, saved], &options).contains(video));
}

#[test]
fn a_page_without_clips_is_a_page() {
    let page = page_of(&[], &options());
    assert!(page.contains("<h1>No clips yet</h1>"), "{page}");
    assert!(page.contains("There are no clips here yet."));
    assert!(!page.contains("<svg class=\"bar\"") && !page.contains("<figure>"));
}

#[test]
fn the_pieces_of_the_bar_fill_it_and_none_is_too_thin_to_see() {
    let ready = (0..5000).map(|n| {
        let raw = format!(r#"{{"sku":"S-{n}","generation_id":"g{n}","status":"completed"}}"#);
        let key = JobKey::of_seed(&format!("g{n}"));
        JobView::fold(key, [&*raw], &Rates::default())
            .unwrap()
            .unwrap()
    });
    let mut tally = Tally::default();
    for view in ready {
        tally.add(&view.state);
    }
    let raw = r#"{"sku":"S","generation_id":"bad","status":"failed"}"#;
    let failed = JobView::fold(JobKey::of_seed("bad"), [raw], &Rates::default());
    tally.add(&failed.unwrap().unwrap().state);
    let segments = segments(&tally);
    let widths: Vec<f64> = segments.iter().map(|s| s.width.parse().unwrap()).collect();
    assert_eq!(segments.len(), 2);
    assert!(
        widths[1] > 3.0 && widths.iter().sum::<f64>() < 1000.0,
        "{widths:?}"
    );
}

const FAILED: &str = concat!(
    r#"{"at":"2026-03-12T09:22:18Z","job":"0000000000000003","attempt":1,"status":"failed","#,
    r#""listing_id":"LST-99","generation_id":"vgen_a3","line":9,"error":"too dark"}"#
);

#[test]
fn what_went_wrong_comes_first() {
    let page = page_of(&[READY, WAITING, FAILED], &options());
    let at = |id: &str| page.find(&format!(">{id}<")).unwrap();
    assert!(at("LST-99") < at("LST-9") && at("LST-9") < at("LST-10"));
}

/// A clip ordered on this day, that took so many seconds.
fn took(n: u32, day: u32, seconds: u32) -> [String; 2] {
    let job = format!("{n:016}");
    let sent = format!(
        r#"{{"at":"2026-03-{day:02}T09:00:00Z","job":"{job}","attempt":1,"status":"submitting","listing_id":"L","request":{{"model":"kling-v3","duration":"5s","aspect_ratio":"9:16"}}}}"#
    );
    let done = format!(
        "2026-03-{day:02}T09:{:02}:{:02}Z",
        seconds / 60,
        seconds % 60
    );
    let line = format!(
        r#"{{"at":"{done}","job":"{job}","attempt":1,"status":"completed","generation_id":"g{n}","credits":5,"completed_at":"{done}"}}"#
    );
    [sent, line]
}

#[test]
fn two_charts_say_what_days_cost_and_how_long_clips_took() {
    let lines: Vec<String> = [took(1, 1, 30), took(2, 1, 90), took(3, 3, 200)].concat();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let page = page_of(&lines, &options());
    for part in [
        "<title>Credits by day of order (UTC)</title>",
        ">2026-03-01: 10 credits; 2026-03-02: 0 credits; 2026-03-03: 5 credits</desc>",
        "<title>2026-03-01: 10 credits</title>",
        "Time from order to clip: half took at most 1 min 30 s",
        "up to 1 min: 1 clip; up to 2 min: 1 clip; up to 5 min: 1 clip; up to 10 min: 0 clips",
        r#"<div class="media" data-shape="9:16">"#,
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page_of(&lines[..2], &options()).contains("<figure>"));
}

#[test]
fn a_photo_of_this_computer_is_shown_from_disk_and_never_by_its_signed_address() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options();
    options.files = Files::From(dir.path().to_owned());
    options.clip_folders = vec![dir.path().to_owned()];
    let signed = READY
        .replace("living-room.jpg", "ab.jpg?X-Amz-Signature=s3cret")
        .replace(
            r#""line":2"#,
            r#""line":2,"photo_file":"photos/living.jpg""#,
        );
    let page = page_of(&[&signed], &options);
    assert!(!page.contains("s3cret") && !page.contains("<img"), "{page}");
    std::fs::create_dir(dir.path().join("photos")).unwrap();
    std::fs::write(dir.path().join("photos/living.jpg"), "photo").unwrap();
    let page = page_of(&[&signed], &options);
    assert!(page.contains(r#"<img src="photos/living.jpg""#), "{page}");
    assert!(!page.contains("s3cret"));
}

#[test]
fn a_signed_address_of_a_photo_is_not_on_a_public_page() {
    let signed = READY.replace("room.jpg", "room.jpg?width=9&X-Amz-Signature=PHOTOSECRET");
    let view = |line: &str| JobView::fold(JobKey::from_number(1), [line], &Rates::default());
    let shown = |line: &str, originals: Option<&str>| {
        let options = PublicOptions {
            statement: String::new(),
            rules: Rules::Both,
            originals: originals.map(str::to_owned),
            files: Files::Anywhere,
            clip_folders: Vec::new(),
            now: options().now,
        };
        let view = view(line).unwrap().unwrap();
        let clip = PublicClip::of(&view, &options).unwrap().unwrap();
        let has_original = clip.has_original();
        let page = PublicPage::of(vec![clip], &options, "public.json");
        let mut out = Vec::new();
        page.write_to(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap() + &page.proof().to_string();
        assert!(!text.contains("PHOTOSECRET"));
        (has_original, text)
    };
    let (has_original, text) = shown(&signed, None);
    assert!(!has_original && !text.contains("room.jpg"));
    let (_, text) = shown(&signed, Some("https://example.com/originals/"));
    assert!(text.contains("https://example.com/originals/living-room.jpg"));
    let (_, text) = shown(READY, None);
    assert!(text.contains("https://cdn.example.com/p/living-room.jpg"));
}

#[test]
fn clips_in_doubt_are_named_where_their_commands_are() {
    let doubt = |n: u32| {
        format!(
            r#"{{"at":"2026-03-12T09:20:00Z","job":"{n:016x}","attempt":1,"status":"unknown","listing_id":"LST-{n}"}}"#
        )
    };
    let page = page_of(&[&doubt(1), &doubt(2)], &options());
    for n in 1..=2 {
        assert!(page.contains(&format!("{n:016x}: LST-{n}")), "{page}");
    }
}

#[test]
fn a_rehearsed_clip_has_no_link_to_where_no_one_answers() {
    let clip = crate::sandbox::SANDBOX_ORIGIN.to_owned() + "/clips/a1.mp4";
    let line = READY.replace("https://cdn.example.com/a1.mp4", &clip);
    let line = line.replace("vgen_a1", "vgen_sandbox_a1");
    let page = page_of(&[&line], &options());
    assert!(!page.contains(&clip), "{page}");
    assert!(page.contains("download fetches it"), "{page}");
}

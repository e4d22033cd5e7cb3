//! Profiles, and where settings files are looked for.

use super::*;

const TWO_CLIENTS: &str = "\
model = \"common\"
api_key_file = \"common-key\"
jobs = \"common.jsonl\"
[map]
sku = \"Common\"
[shopify]
store = \"common.myshopify.com\"
[profile.acme]
api_key_file = \"acme-key\"
jobs = \"acme/log.jsonl\"
rate = \"5/s\"
[profile.acme.map]
image_url = \"Photo\"
[profile.acme.shopify]
store = \"acme.myshopify.com\"
[profile.bolt]
model = \"bolts\"
";

fn two_clients() -> World {
    World::new()
        .file("here/creativeai.toml", TWO_CLIENTS)
        .key_file("here/common-key", "common")
        .key_file("here/acme-key", "acme")
        .key_file("user/api-key", "usual")
}

#[test]
fn a_profile_has_its_own_key_log_and_shop() {
    let world = two_clients();
    let acme = world.settings(&format!("{SUBMIT} --profile acme"));
    assert_eq!(acme.profile.as_deref(), Some("acme"));
    assert_eq!(acme.require_key().unwrap().expose(), "acme");
    assert_eq!(
        acme.jobs_path(None, None),
        world.path("here/acme/log.jsonl")
    );
    assert_eq!(acme.shopify_store.as_deref(), Some("acme.myshopify.com"));
    assert_eq!(acme.map, [("image_url".to_owned(), "Photo".to_owned())]);
    assert_eq!(
        acme.video.model, "common",
        "what is no one's own is everyone's"
    );
    let origin = &row(&acme, "rate").origin;
    assert_eq!(
        *origin,
        Origin::File(world.path("here/creativeai.toml"), 11)
    );
    assert_eq!(row(&acme, "profile").origin, Origin::Flag("--profile"));
}

#[test]
fn nothing_of_one_client_reaches_another() {
    let world = two_clients();
    let bolt = world.settings(&format!("{SUBMIT} --profile bolt"));
    assert_eq!(bolt.video.model, "bolts");
    let failure = bolt.require_key().unwrap_err();
    assert_eq!(failure.code(), Code::Config);
    assert!(failure.next_step().unwrap().contains("[profile.bolt]"));
    assert_eq!(bolt.jobs_path(None, None), Path::new("bolt-jobs.jsonl"));
    assert_eq!(bolt.download.dir, Path::new("bolt-videos"));
    assert_eq!((bolt.shopify_store, bolt.map), (None, Vec::new()));
    assert_eq!(bolt.network.rate, None);

    let rehearsal = world.settings(&format!("{SUBMIT} --profile bolt --sandbox"));
    let log = rehearsal.jobs_path(None, None);
    assert_eq!(log, Path::new("bolt-sandbox-jobs.jsonl"));
    let none = world.settings(SUBMIT);
    assert_eq!(none.profile, None);
    assert_eq!(none.require_key().unwrap().expose(), "common");
    assert_eq!(none.video.model, "common");
}

#[test]
fn a_profile_comes_before_variables_and_after_options() {
    let world = two_clients()
        .var("CREATIVEAI_PROFILE", "acme")
        .var("CREATIVEAI_API_KEY", "left-from-another")
        .var("CREATIVEAI_JOBS", "another.jsonl")
        .key_file("here/typed", "typed");
    let settings = world.settings(SUBMIT);
    assert_eq!(settings.require_key().unwrap().expose(), "acme");
    assert_eq!(
        settings.jobs_path(None, None),
        world.path("here/acme/log.jsonl")
    );
    let origin = &row(&settings, "profile").origin;
    assert_eq!(*origin, Origin::Env("CREATIVEAI_PROFILE"));
    let settings = world.settings(&format!("{SUBMIT} --api-key-file ROOT/here/typed"));
    assert_eq!(settings.require_key().unwrap().expose(), "typed");
    // A profile without a key takes the one that is set for this run, and no other.
    let settings = world.settings(&format!("{SUBMIT} --profile bolt"));
    assert_eq!(
        settings.require_key().unwrap().expose(),
        "left-from-another"
    );
}

#[test]
fn the_key_that_init_keeps_for_a_profile_is_its_own() {
    let world = two_clients().key_file("user/api-key-bolt", "bolt");
    let settings = world.settings(&format!("{SUBMIT} --profile bolt"));
    assert_eq!(settings.require_key().unwrap().expose(), "bolt");
}

#[test]
fn an_unknown_profile_is_refused_with_the_nearest() {
    let world = two_clients();
    let text = world.refusal(&format!("{SUBMIT} --profile acne"));
    assert!(text.contains("did you mean `acme`?"), "{text}");
    let text = World::new().refusal(&format!("{SUBMIT} --profile acme"));
    assert!(
        text.contains("no settings file was found") && text.contains("[profile.acme]"),
        "{text}"
    );
}

#[test]
fn a_wrong_value_of_another_profile_is_refused_too() {
    let text = "[profile.acme]\nmodel = \"a\"\n[profile.bolt]\nconcurrency = \"many\"\n";
    let world = World::new().file("here/creativeai.toml", text);
    for line in [SUBMIT.to_owned(), format!("{SUBMIT} --profile acme")] {
        let refusal = world.refusal(&line);
        assert!(refusal.contains("line 4"), "{refusal}");
    }
}

#[test]
fn settings_beside_the_log_or_the_manifest_come_before_this_folders() {
    let world = World::new()
        .file("here/creativeai.toml", "model = \"here\"\nrate = \"1/s\"\n")
        .file("user/creativeai.toml", "aspect_ratio = \"1:1\"\n");
    for folder in ["here/photos", "here/client"] {
        std::fs::create_dir(world.path(folder)).unwrap();
    }
    let model = |world: &World, line: &str| world.settings(line).video.model;
    assert_eq!(model(&world, SUBMIT), "here");
    let world = world.file("here/photos/creativeai.toml", "model = \"photos\"\n");
    assert_eq!(model(&world, SUBMIT), "photos");
    let settings = world.settings(SUBMIT);
    assert_eq!(settings.network.rate, None, "two projects do not mix");
    assert_eq!(
        settings.video.aspect_ratio, "1:1",
        "the user's settings are there for all"
    );

    let world = world.file("here/client/creativeai.toml", "model = \"client\"\n");
    let line = format!("{SUBMIT} --jobs client/log.jsonl");
    assert_eq!(
        model(&world, &line),
        "client",
        "the log before the manifest"
    );
    assert_eq!(
        model(&world, "creativeai status client/log.jsonl"),
        "client"
    );
    assert_eq!(model(&world, "creativeai publish --to shopify"), "here");
    let world = world.var("CREATIVEAI_JOBS", "client/log.jsonl");
    assert_eq!(model(&world, "creativeai publish --to shopify"), "client");
    let named = format!("{line} --config ROOT/here/creativeai.toml");
    assert_eq!(model(&world, &named), "here");
}

#[test]
fn caps_add_up_from_all_files_and_the_profile() {
    let world = World::new()
        .file(
            "here/creativeai.toml",
            "[[caps]]\ncredits = 200\nper = \"month\"\nwhere = \"client=acme\"\n[[caps]]\ncredits = 1_000\n\
             [[profile.acme.caps]]\nper = \"day\"\ncredits = 2.5\n",
        )
        .file("user/creativeai.toml", "[[caps]]\ncredits = 9000\nper = \"year\"\n");
    let shown = |line: &str| {
        let settings = world.settings(line);
        let rows = settings.rows().iter().filter(|row| row.name == "caps");
        rows.map(|row| row.value.clone()).collect::<Vec<_>>()
    };
    let all = [
        "200 credits a month where client=acme",
        "1000 credits",
        "9000 credits a year",
    ];
    assert_eq!(shown(SUBMIT), all);
    let acme = ["2.5 credits a day"];
    assert_eq!(
        shown(&format!("{SUBMIT} --profile acme")),
        [&all[..2], &acme[..], &all[2..]].concat()
    );
    for (text, expected) in [
        ("caps = 3", "[[caps]]"),
        ("caps = [1]", "[[caps]]"),
        ("[caps]\ncredits = 1", "[[caps]]"),
        ("[[caps]]\nper = \"day\"", "cap without credits"),
        ("[[caps]]\ncredits = -1", "must not be a negative number"),
        ("[[caps]]\ncredits = 1\nper = \"fortnight\"", "\"week\""),
        ("[[caps]]\ncredits = 1\nwhere = \"acme\"", "COLUMN=VALUE"),
        ("[[caps]]\ncredit = 1", "a cap has credits, per, where"),
        (
            "[[profile.bolt.caps]]\ncredits = \"many\"",
            "must be a number",
        ),
    ] {
        let refusal = World::new()
            .file("here/creativeai.toml", text)
            .refusal(SUBMIT);
        assert!(refusal.contains(expected), "{text}: {refusal}");
    }
}

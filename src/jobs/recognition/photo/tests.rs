use proptest::prelude::*;

use super::*;

#[test]
fn an_address_is_the_same_however_it_is_written() {
    let plain = PhotoAddress::of("https://cdn.example.com/rooms/a.b/kitchen%20one.jpg").address;
    for same in [
        "http://cdn.example.com/rooms/a.b/kitchen%20one.jpg",
        "https://CDN.Example.COM:443/rooms/a.b/kitchen one.jpg",
        "https://cdn.example.com./rooms//a%2Eb/./kitchen%20one.jpg?sig=1&X-Amz-Date=2#top",
        "https://cdn.example.com/rooms/x/../a.b/s--Ab3dEf9h--/kitchen%20one.jpg",
        "https://cdn.example.com/hdnts=exp=1~acl=/*~hmac=ab12/rooms/a.b/kitchen%20one.jpg",
        " https://cdn.example.com/rooms/a.b/kitchen\u{200b}%20one.jpg\u{a0}",
    ] {
        assert_eq!(PhotoAddress::of(same).address, plain, "{same}");
    }
    for other in [
        "https://cdn.example.com/rooms/a.b/Kitchen%20one.jpg",
        "https://cdn.example.com/rooms/a.b/kitchen%20one.png",
        "https://cdn.example.com:8443/rooms/a.b/kitchen%20one.jpg",
        "https://cdn.example.org/rooms/a.b/kitchen%20one.jpg",
    ] {
        assert_ne!(PhotoAddress::of(other).address, plain, "{other}");
    }
}

#[test]
fn plain_addresses_are_seen_at_a_glance() {
    for (address, seen) in [
        ("https://x.example/a.jpg", Some("//x.example/a.jpg")),
        (
            "http://x.example/B/a_1.v2.jpg?sig=1#top",
            Some("//x.example/B/a_1.v2.jpg"),
        ),
        ("https://cdn.shopify.com/s/files/1/IMG_1.jpg?v=2", None),
        ("https://cdn.shopify.com/s/files/1/a_2x2.jpg", None),
        ("https://res.example/d/upload/w_10/a.jpg", None),
        ("https://x.example/a%20b.jpg", None),
        ("https://x.example/b/../a.jpg", None),
        ("https://x.example//a.jpg", None),
        ("https://x.example/view?id=1", None),
        ("https://X.example/a.jpg", None),
        ("https://x.example:443/a.jpg", None),
        ("https://1.2/a.jpg", None),
        ("https://x.jpg", None),
        ("ftp://x.example/a.jpg", None),
        ("https?://x.example/a.jpg", None),
        ("h?", None),
        ("", None),
    ] {
        assert_eq!(plain(address), seen, "{address}");
    }
}

#[test]
fn a_query_counts_only_where_it_names_the_photo() {
    let address =
        |query: &str| PhotoAddress::of(&format!("https://drive.example.com/uc{query}")).address;
    assert_ne!(address("?id=1"), address("?id=2"));
    assert_eq!(address("?id=1&export=view"), address("?token=x&id=1"));
    let jpg = |query: &str| PhotoAddress::of(&format!("https://x.example/a.jpg{query}")).address;
    assert_eq!(jpg("?id=1"), jpg("?id=2"));
}

#[test]
fn the_size_in_which_a_service_sends_a_photo_is_no_part_of_its_address() {
    let address = |address: &str| PhotoAddress::of(address).address;
    let cloudinary = |options: &str| {
        address(&format!(
            "https://res.cloudinary.com/d/image/upload/{options}v1/rooms/kitchen.jpg"
        ))
    };
    for options in [
        "w_1920,q_auto/",
        "f_auto/",
        "c_limit,h_800/q_80/",
        "dpr_2.0/",
    ] {
        assert_eq!(cloudinary(options), cloudinary(""), "{options}");
    }
    for options in ["c_crop,x_10,y_20,w_300/", "e_sepia/", "w_/", "rooms/"] {
        assert_ne!(cloudinary(options), cloudinary(""), "{options}");
    }
    let shop = |name: &str| {
        address(&format!(
            "https://cdn.shopify.com/s/files/1/0001/{name}?v=1"
        ))
    };
    for name in [
        "mug_1024x1024.jpg",
        "mug_x800.jpg",
        "mug_600x.jpg",
        "mug_600x@2x.jpg",
    ] {
        assert_eq!(shop(name), shop("mug.jpg"), "{name}");
    }
    for name in [
        "mug_2.jpg",
        "mug_x.jpg",
        "mug_axb.jpg",
        "mug_600x600_crop_top.jpg",
    ] {
        assert_ne!(shop(name), shop("mug.jpg"), "{name}");
    }
    // Shopify has moved what shops had uploaded.
    assert_eq!(shop("products/mug.jpg"), shop("files/mug_600x.jpg"));
    assert_ne!(shop("products/mug.jpg"), shop("collections/mug.jpg"));
    // Elsewhere it is a part of the name.
    assert_ne!(
        address("https://x.example/plan_10x12.jpg"),
        address("https://x.example/plan.jpg")
    );
}

#[test]
fn a_rotated_address_keeps_its_files_name() {
    let name = |address: &str| PhotoAddress::of(address).name;
    assert_eq!(name("https://a.example/x/Hero.JPG?sig=1"), "hero.jpg");
    assert_eq!(name("https://b.example/hero.jpg"), "hero.jpg");
    assert_eq!(
        name("https://ucab.dl.dropboxusercontent.com/cd/0/get/Cab12/file"),
        name("https://ucff.dl.dropboxusercontent.com/cd/0/get/Czz99/file?dl=1"),
    );
    let airtable = |token: &str| {
        name(&format!(
            "https://v5.airtableusercontent.com/v3/u/27/27/1717/{token}/{token}"
        ))
    };
    assert_eq!(
        airtable("aB3dEfGh1jKlMnOpQrStUv"),
        airtable("zY9xWvUt8sRqPoNmLkJiHg")
    );
    assert_eq!(name("https://a.example/"), "");
}

#[test]
fn plain_words_on_the_way_are_distinguished_from_tokens() {
    let folders = |folder: &str| {
        let photo = PhotoAddress::of(&format!("https://x.example/{folder}/1.jpg"));
        photo.folders.join("/")
    };
    for (word, seen) in [
        ("kitchen", "kitchen"),
        ("Kitchen", "kitchen"),
        ("KITCHEN", "kitchen"),
        ("LivingRoom", "livingroom"),
        ("myPhotos", "myphotos"),
        ("living-room_A", "living-room_a"),
        ("k\u{fc}che", "k\u{fc}che"),
        ("deadbee", "deadbee"),
        ("a/b", "a/b"),
    ] {
        assert_eq!(folders(word), seen, "{word}");
    }
    for token in [
        "a8f2", "AbCdEfGh", "kXbQ", "cfbbdcda", "CFBBDCDA", "deadbeef", "aB-cD",
    ] {
        assert_eq!(folders(token), "", "{token}");
    }
}

proptest! {
    /// Whatever is seen at a glance is what the whole way finds.
    #[test]
    fn a_plain_address_is_its_normal_form(
        scheme in "https?:/{1,3}|ftp://",
        host in "([a-z0-9]{1,3}|xn--[a-z]{1,3}|cdn|0x7f)([.][a-z0-9-]{0,4}){0,3}",
        folders in "(/([a-zA-Z0-9._~-]{0,6}|s--[a-z]{6}--|upload|w_1|[.]{1,2}|s/files|cdn/shop|products|a=b)){0,3}",
        name in "/?([a-z_]{0,3}(_[0-9]{1,2}x[0-9]{0,2})?[.](jpg|php|JPG|x)|[a-z]{1,4}|%2E|s--abcdef--)",
        query in "([?#][a-z=?#]{0,6})?",
    ) {
        let address = format!("{scheme}{host}{folders}{name}{query}");
        prop_assert_eq!(PhotoAddress::of(&address), PhotoAddress::of_any(&address), "{}", &address);
        prop_assert_eq!(super::address(&address).into_owned(), PhotoAddress::of_any(&address).address);
    }

    #[test]
    fn an_addresses_normal_form_is_its_own(
        any in "https?://[a-zA-Z.]{1,8}(:[0-9]{1,4})?/[a-zA-Z0-9/.% é\u{301}?#:=&-]{0,24}",
    ) {
        let once = PhotoAddress::of(&any).address;
        prop_assert_eq!(PhotoAddress::of(&once).address, once);
    }
}

#[test]
fn a_token_is_told_from_names_and_from_ids_that_stay() {
    let ends_in_token = |end: &str| {
        PhotoAddress::of(&format!("https://x.example/p/{end}"))
            .beside_token()
            .is_some()
    };
    for token in [
        "AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm",
        "AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm?x=1",
        "AbCdEf0123456789xyzAbCdEf01",
        "1732700000",
        "1732700000123",
        "eyJhbGciOiJIUzI1NiJ9.eyJ1IjoiYSJ9.AAAA",
        &"0a".repeat(64),
    ] {
        assert!(ends_in_token(token), "{token}");
    }
    for name in [
        "",
        "AP1GczPq8Xn0aLk2Wz7RtbYvQm.jpg",
        "550e8400-e29b-41d4-a716-446655440000",
        "photo-1512917774080-9991f1c4c750",
        "d41d8cd98f00b204e9800998ecf8427e",
        "living-room-with-a-view-of-the-sea-2",
        "IMG_20240512_LivingRoom2",
        "2nd-Floor-Bathroom-Photo1",
        "9732700000",
        "1034567890",
        "12",
        "\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}",
    ] {
        assert!(!ends_in_token(name), "{name}");
    }
}

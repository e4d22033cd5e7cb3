//! Rows that something has spelled anew since their clips were ordered, as data. Each is a sheet whose clips
//! are ordered, the sheet as it is found the next time, and what the second run does with it.

/// What becomes of the second sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is ordered, no one is asked.
    Adopted,
    /// Nothing is ordered; the message holds these words.
    Held(&'static [&'static str]),
    /// The sheet is refused, so nothing is ordered.
    Refused,
    /// So many more clips are ordered, no one is asked.
    Sent(usize),
}
use Outcome::{Adopted, Held, Refused, Sent};

/// One row: id, photo, prompt.
pub type Row = (&'static str, &'static str, &'static str);

pub struct Renaming {
    pub name: &'static str,
    pub before: &'static [Row],
    pub after: &'static [Row],
    pub outcome: Outcome,
}

pub const PHOTO: &str = "https://cdn.example.com/rooms/kitchen.jpg";
pub const PAN: &str = "Slow pan, morning light";

/// The same photo and prompt under another id.
const fn id(
    name: &'static str,
    before: &'static [Row],
    after: &'static [Row],
    outcome: Outcome,
) -> Renaming {
    Renaming {
        name,
        before,
        after,
        outcome,
    }
}

/// What the second run does with each.
#[rustfmt::skip]
pub const RENAMINGS: &[Renaming] = &[
    // Ids, as spreadsheet programs write them.
    id("leading zeros lost", &[("0012345", PHOTO, PAN)], &[("12345", PHOTO, PAN)], Held(&["0012345", "12345", "leading zeros", "creativeai rename 0012345 12345"])),
    id("leading zeros restored", &[("12345", PHOTO, PAN)], &[("0012345", PHOTO, PAN)], Held(&["0012345", "leading zeros"])),
    id("a date, American", &[("3-12", PHOTO, PAN)], &[("12-Mar", PHOTO, PAN)], Held(&["3-12", "12-Mar", "date"])),
    id("a date, European", &[("3-12", PHOTO, PAN)], &[("03-Dec", PHOTO, PAN)], Held(&["3-12", "03-Dec", "date"])),
    id("a name taken for a date", &[("SEP2", PHOTO, PAN)], &[("2-Sep", PHOTO, PAN)], Held(&["SEP2", "2-Sep", "date"])),
    id("rounded", &[("401234567890123", PHOTO, PAN)], &[("4.01235E+14", PHOTO, PAN)], Held(&["401234567890123", "4.01235E+14", "rounded"])),
    id("an exponent", &[("1E5", PHOTO, PAN)], &[("1.00E+05", PHOTO, PAN)], Held(&["1E5", "1.00E+05"])),
    id("a decimal", &[("120", PHOTO, PAN)], &[("120.0", PHOTO, PAN)], Held(&["120.0", "number"])),
    id("a decimal comma", &[("120", PHOTO, PAN)], &[("120,0", PHOTO, PAN)], Held(&["120,0", "number"])),
    id("thousands", &[("1234", PHOTO, PAN)], &[("1,234", PHOTO, PAN)], Held(&["1,234", "number"])),
    id("a day's number", &[("2025-12-01", PHOTO, PAN)], &[("45992", PHOTO, PAN)], Held(&["45992", "date"])),
    id("a time", &[("09:30", PHOTO, PAN)], &[("9:30:00", PHOTO, PAN)], Held(&["9:30:00", "time"])),
    // Ids that a person reads as the same.
    id("decomposed", &[("CAF\u{c9}-1", PHOTO, PAN)], &[("CAFE\u{301}-1", PHOTO, PAN)], Adopted),
    id("a byte order mark", &[("SKU-1", PHOTO, PAN)], &[("\u{feff}SKU-1", PHOTO, PAN)], Adopted),
    id("a zero-width blank", &[("SKU-1", PHOTO, PAN)], &[("SKU\u{200b}-1", PHOTO, PAN)], Refused),
    id("a soft hyphen", &[("SKU-1", PHOTO, PAN)], &[("SKU-\u{ad}1", PHOTO, PAN)], Refused),
    id("a mark of direction", &[("SKU-1", PHOTO, PAN)], &[("\u{200e}SKU-1\u{202c}", PHOTO, PAN)], Adopted),
    id("a blank around it", &[("SKU-1", PHOTO, PAN)], &[("\u{a0}SKU-1 ", PHOTO, PAN)], Adopted),
    id("another letter case", &[("Sku-1", PHOTO, PAN)], &[("SKU-1", PHOTO, PAN)], Adopted),
    id("the invisible taken away", &[("\u{feff}SKU-1", PHOTO, PAN)], &[("SKU-1", PHOTO, PAN)], Adopted),
    // Ids that a person has changed, or a wrong encoding.
    id("a corrected SKU", &[("SKU-1", PHOTO, PAN)], &[("SKU-17", PHOTO, PAN)], Held(&["SKU-1 ", "SKU-17", "corrected", "--resubmit-changed"])),
    id("other punctuation", &[("SKU 1", PHOTO, PAN)], &[("SKU-1", PHOTO, PAN)], Held(&["SKU 1", "SKU-1", "punctuation"])),
    id("the wrong encoding", &[("M\u{fc}ller", PHOTO, PAN)], &[("M\u{c3}\u{bc}ller", PHOTO, PAN)], Held(&["M\u{fc}ller", "encoding"])),
    id("the right encoding again", &[("M\u{c3}\u{bc}ller", PHOTO, PAN)], &[("M\u{fc}ller", PHOTO, PAN)], Held(&["M\u{fc}ller", "encoding"])),
    id("the wrong encoding, everywhere", &[("M\u{fc}ller", PHOTO, "Caf\u{e9} at dusk")], &[("M\u{c3}\u{bc}ller", PHOTO, "Caf\u{c3}\u{a9} at dusk")], Held(&["M\u{fc}ller", "encoding"])),
    id("the wrong encoding of the prompt", &[("SKU-1", PHOTO, "Caf\u{e9} at dusk")], &[("SKU-1", PHOTO, "Caf\u{c3}\u{a9} at dusk")], Held(&["--resubmit-changed"])),
    // Photo addresses.
    id("the host in capitals", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://CDN.Example.com/rooms/kitchen.jpg", PAN)], Adopted),
    id("the default port", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://cdn.example.com:443/rooms/kitchen.jpg", PAN)], Adopted),
    id("without encryption", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "http://cdn.example.com/rooms/kitchen.jpg", PAN)], Adopted),
    id("with encryption", &[("SKU-1", "http://cdn.example.com:80/rooms/kitchen.jpg", PAN)], &[("SKU-1", PHOTO, PAN)], Adopted),
    id("an encoded dot", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://cdn.example.com/rooms/kitchen%2Ejpg", PAN)], Adopted),
    id("a doubled slash", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://cdn.example.com//rooms//kitchen.jpg", PAN)], Adopted),
    id("a dot on the way", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://cdn.example.com/x/../rooms/./kitchen.jpg", PAN)], Adopted),
    id("a dot behind the host", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://cdn.example.com./rooms/kitchen.jpg", PAN)], Adopted),
    id("a rotated query", &[("SKU-1", "https://cdn.example.com/rooms/kitchen.jpg?sig=1&e=2", PAN)], &[("SKU-1", "https://cdn.example.com/rooms/kitchen.jpg?sig=3&e=4#x", PAN)], Adopted),
    id("a decomposed file name", &[("SKU-1", "https://cdn.example.com/caf%C3%A9.jpg", PAN)], &[("SKU-1", "https://cdn.example.com/cafe%CC%81.jpg", PAN)], Adopted),
    id("signed by Cloudinary", &[("SKU-1", "https://res.cloudinary.com/d/image/upload/s--aB3dEf9h--/v1/kitchen.jpg", PAN)], &[("SKU-1", "https://res.cloudinary.com/d/image/upload/s--Zz9xYw1v--/v1/kitchen.jpg", PAN)], Adopted),
    id("another size from Cloudinary", &[("SKU-1", "https://res.cloudinary.com/d/image/upload/v1/kitchen.jpg", PAN)], &[("SKU-1", "https://res.cloudinary.com/d/image/upload/w_1920,q_auto/v1/kitchen.jpg", PAN)], Adopted),
    id("another size from Shopify", &[("SKU-1", "https://cdn.shopify.com/s/files/1/1/mug.jpg?v=1", PAN)], &[("SKU-1", "https://cdn.shopify.com/s/files/1/1/mug_1024x1024.jpg?v=1", PAN)], Adopted),
    id("signed by Akamai", &[("SKU-1", "https://a.example.com/hdnts=exp=1~acl=/*~hmac=ab/kitchen.jpg", PAN)], &[("SKU-1", "https://a.example.com/hdnts=exp=9~acl=/*~hmac=cd/kitchen.jpg", PAN)], Adopted),
    id("signed by Akamai, behind the name", &[("SKU-1", "https://a.example.com/kitchen.jpg/hdnts=exp=1~hmac=ab", PAN)], &[("SKU-1", "https://a.example.com/kitchen.jpg/hdnts=exp=9~hmac=cd", PAN)], Adopted),
    id("signed by Airtable", &[("SKU-1", "https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx", PAN)], &[("SKU-1", "https://v5.airtableusercontent.com/v3/u/28/28/1727171200000/zY9xWvUt8sRqPoNmLkJiHg/zZ1dEfGhIjKlMnOpQrStUvWx", PAN)], Adopted),
    id("Airtable, older", &[("SKU-1", "https://dl.airtable.com/.attachments/0a1b2c/3d4e5f/kitchen.jpg?ts=1", PAN)], &[("SKU-1", "https://dl.airtable.com/.attachments/9f8e7d/6c5b4a/kitchen.jpg?ts=2", PAN)], Adopted),
    id("signed by Dropbox", &[("SKU-1", "https://uc1a.dl.dropboxusercontent.com/cd/0/get/CAbc123/file", PAN)], &[("SKU-1", "https://ucff.dl.dropboxusercontent.com/cd/0/get/CZyx987/file?dl=1", PAN)], Adopted),
    id("another server", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://images.example.net/a/b/Kitchen.jpg", PAN)], Adopted),
    id("a token of letters", &[("SKU-1", "https://x.example/t/AbCdEfGh/k.jpg", PAN)], &[("SKU-1", "https://x.example/t/IjKlMnOp/k.jpg", PAN)], Adopted),
    id("a token of hexadecimal letters", &[("SKU-1", "https://x.example/00ff00ff/k.jpg", PAN)], &[("SKU-1", "https://x.example/cfbbdcda/k.jpg", PAN)], Adopted),
    id("two tokens of hexadecimal letters", &[("SKU-1", "https://x.example/rooms/ABADCAFE/k.jpg", PAN)], &[("SKU-1", "https://x.example/rooms/cfbbdcda/k.jpg", PAN)], Adopted),
    id("a token in place of a word", &[("SKU-1", "https://x.example/p/1.jpg", PAN)], &[("SKU-1", "https://x.example/zz81hd8e/1.jpg", PAN)], Adopted),
    id("a word in place of a token", &[("SKU-1", "https://x.example/zz81hd8e/rooms/1.jpg", PAN)], &[("SKU-1", "https://x.example/public/rooms/1.jpg", PAN)], Adopted),
    id("a folder of another month", &[("SKU-1", "https://x.example/2026-06/k.jpg", PAN)], &[("SKU-1", "https://x.example/2026-07/k.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("a folder of another house", &[("SKU-1", "https://x.example/house-12/k.jpg", PAN)], &[("SKU-1", "https://x.example/house-14/k.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("one more token", &[("SKU-1", "https://x.example/rooms/1.jpg", PAN)], &[("SKU-1", "https://x.example/rooms/a8f2c1/1.jpg", PAN)], Adopted),
    id("another letter case of a folder", &[("SKU-1", "https://x.example/p/k.jpg", PAN)], &[("SKU-1", "https://x.example/P/k.jpg", PAN)], Adopted),
    id("another letter case of folders", &[("SKU-1", "https://x.example/Rooms/LivingRoom/k.jpg", PAN)], &[("SKU-1", "https://x.example/rooms/livingroom/k.jpg", PAN)], Adopted),
    id("moved by Shopify", &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/products/mug.jpg?v=1", PAN)], &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/files/mug.jpg?v=2", PAN)], Adopted),
    id("moved by Shopify, on the shop's own server", &[("SKU-1", "https://shop.example/cdn/shop/files/mug.jpg", PAN)], &[("SKU-1", "https://shop.example/cdn/shop/products/mug_600x.jpg", PAN)], Adopted),
    id("moved by Shopify, with another prompt", &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/products/mug.jpg?v=1", PAN)], &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/files/mug.jpg?v=2", "Tilt")], Held(&["--resubmit-changed"])),
    id("another folder", &[("LST-1", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/bath/1.jpg", PAN)], Held(&["a different folder", "--resubmit-changed", "creativeai rename ", "https://cdn.example.com/bath/1.jpg"])),
    id("from staging", &[("LST-1", "https://cdn.example.com/staging/k.jpg", PAN)], &[("LST-1", "https://cdn.example.com/live/k.jpg", PAN)], Held(&["--resubmit-changed", "creativeai rename "])),
    id("one folder more", &[("LST-1", "https://cdn.example.com/photos/k.jpg", PAN)], &[("LST-1", "https://cdn.example.com/photos/final/k.jpg", PAN)], Held(&["--resubmit-changed", "creativeai rename "])),
    id("another folder of two words", &[("LST-1", "https://cdn.example.com/LivingRoom/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/DiningRoom/1.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("another folder further up", &[("LST-1", "https://cdn.example.com/draft/rooms/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/final/rooms/1.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("another folder and lost zeros", &[("0012", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("12", "https://cdn.example.com/bath/1.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("signed anew and saved by a spreadsheet program", &[("0012", "https://cdn.example.com/a1/kitchen.jpg", PAN)], &[("12", "https://cdn.example.com/b2/kitchen.jpg", PAN)], Held(&["0012", "leading zeros"])),
    id("another size, by its query", &[("LST-1", "https://x.example/view?photo=1&w=800&sig=a", PAN)], &[("LST-1", "https://x.example/view?utm_source=crm&w=1600&fm=jpg&photo=1&sig=b&v=3", PAN)], Adopted),
    // Tokens in place of a file's name.
    id("signed by Google Photos", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=w1024-h768", PAN)], &[("LST-1", "https://lh5.googleusercontent.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf=w1024-h768", PAN)], Held(&["may change with each export", "creativeai rename ", "--resubmit-changed"])),
    id("another size from Google Photos", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=w1024-h768", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=w2048-h1536-no", PAN)], Adopted),
    id("another part from Google Photos", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=s512", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=s512-c", PAN)], Held(&["may change with each export"])),
    id("signed by a listing service", &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/NDU1LzM2NC8xNQ/MjAvMTIx/AbCdEf0123456789xyzAbCdEf01", PAN)], &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/NDU1LzM2NC8xNQ/MjAvMTIx/ZyXwVu9876543210abcZyXwVu98", PAN)], Held(&["may change with each export"])),
    id("a time for a name", &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/1732700000", PAN)], &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/1732790000", PAN)], Held(&["may change with each export"])),
    id("a web token for a name", &[("LST-1", "https://img.example.com/p/eyJhbGciOiJIUzI1NiJ9.eyJ1IjoiYSJ9.AAAA", PAN)], &[("LST-1", "https://img.example.com/p/eyJhbGciOiJIUzI1NiJ9.eyJ1IjoiYSJ9.BBBB", PAN)], Held(&["may change with each export"])),
    id("a token in the query", &[("LST-1", "https://x.example/view?n=1&key=AIzaPq8Xn0aLk2Wz7RtbYvQm", PAN)], &[("LST-1", "https://x.example/view?n=1&key=AIzaZz4Kd9uHb1Xc5LeoTsNf", PAN)], Held(&["may change with each export", "creativeai rename ", "--resubmit-changed"])),
    id("a digest in the query", &[("LST-1", "https://x.example/view?n=1&check=d41d8cd98f00b204e9800998ecf8427e", PAN)], &[("LST-1", "https://x.example/view?n=1&check=9e107d9d372bb6826bd81d3542a419d6", PAN)], Held(&["may change with each export"])),
    id("a token beside the one that was ordered", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN), ("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", PAN)], Sent(1)),
    id("a token on another domain", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://img.example.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", PAN)], Sent(1)),
    id("another token in a folder of another name", &[("LST-1", "https://x.example/kitchen/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://x.example/bath/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", PAN)], Sent(1)),
    id("another file of Google Drive", &[("LST-1", "https://lh3.googleusercontent.com/d/1aBcDeFgHiJkLmNoPqRsTuVwXyZ012345", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/d/1zYxWvUtSrQpOnMlKjIhGfEdCbA987654", PAN)], Sent(1)),
    id("another photo, by its UUID", &[("LST-1", "https://x.example/p/550e8400-e29b-41d4-a716-446655440000", PAN)], &[("LST-1", "https://x.example/p/7c9e6679-7425-40de-944b-e07fc1f90ae7", PAN)], Sent(1)),
    id("another photo, by its words", &[("LST-1", "https://x.example/p/IMG_20240512_LivingRoom2", PAN)], &[("LST-1", "https://x.example/p/IMG_20240513_DiningRoom1", PAN)], Sent(1)),
    id("another photo of Unsplash", &[("LST-1", "https://images.unsplash.com/photo-1512917774080-9991f1c4c750?w=1080", PAN)], &[("LST-1", "https://images.unsplash.com/photo-1600596542815-ffad4c1539a9?w=1080", PAN)], Sent(1)),
    id("another token where an earlier photo kept its own", &[("LST-2", "https://x.example/IjKlMnOp34/photo.jpg", PAN), ("LST-1", "https://x.example/AbCdEfGh12/photo.jpg", PAN)], &[("LST-2", "https://x.example/IjKlMnOp34/photo.jpg", PAN), ("LST-1", "https://x.example/QrStUvWx56/photo.jpg", PAN)], Held(&["--resubmit-changed", "creativeai rename "])),
    id("another number of an upload where an earlier photo kept its own", &[("LST-2", "https://x.example/uploads/1002/front.jpg", PAN), ("LST-1", "https://x.example/uploads/1001/front.jpg", PAN)], &[("LST-2", "https://x.example/uploads/1002/front.jpg", PAN), ("LST-1", "https://x.example/uploads/1004/front.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("another token where a photo on another server kept its own", &[("LST-1", "https://x.example/AbCdEfGh12/photo.jpg", PAN), ("LST-2", "https://y.example/IjKlMnOp34/photo.jpg", PAN)], &[("LST-1", "https://x.example/QrStUvWx56/photo.jpg", PAN), ("LST-2", "https://y.example/IjKlMnOp34/photo.jpg", PAN)], Adopted),
    // Places of another kind.
    id("from Airtable to a server of one's own", &[("LST-1", "kitchen.jpg (https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx)", PAN)], &[("LST-1", "https://cdn.example.com/p/Kitchen.jpg", PAN)], Held(&["a different place", "creativeai rename ", "--resubmit-changed"])),
    id("from a server of one's own to Airtable", &[("LST-1", "https://cdn.example.com/p/kitchen.jpg", PAN)], &[("LST-1", "kitchen.jpg (https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx)", PAN)], Held(&["a different place"])),
    id("another photo of Airtable, online", &[("LST-1", "kitchen.jpg (https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx)", PAN)], &[("LST-1", "https://cdn.example.com/p/bath.jpg", PAN)], Sent(1)),
    // Prompts.
    id("blanks in the prompt", &[("SKU-1", PHOTO, "Slow pan, morning light")], &[("SKU-1", PHOTO, "Slow  pan,\u{a0}morning\u{200b} light")], Adopted),
    id("another prompt", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and letter case", &[("sku-1", PHOTO, PAN)], &[("SKU-1", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and lost zeros", &[("0012", PHOTO, PAN)], &[("12", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a rounded id", &[("401234567890123", PHOTO, PAN)], &[("4.01235E+14", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a comma between thousands", &[("1234", PHOTO, PAN)], &[("1,234", PHOTO, "Tilt")], Held(&["--resubmit-changed", "in id, prompt"])),
    id("another prompt and a point between thousands", &[("1234567", PHOTO, PAN)], &[("1.234.567", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and blanks between thousands", &[("1234", PHOTO, PAN)], &[("1\u{202f}234", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and Swiss thousands", &[("1234", PHOTO, PAN)], &[("1'234", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a power of ten", &[("12345678", PHOTO, PAN)], &[("1.23E+07", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and fifteen digits", &[("4012345678901234567", PHOTO, PAN)], &[("4012345678901230000", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a day's number", &[("2025-12-01", PHOTO, PAN)], &[("45992", PHOTO, "Tilt")], Held(&["--resubmit-changed", "in id, prompt"])),
    id("another prompt and a day behind its number", &[("45992", PHOTO, PAN)], &[("01/12/2025", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and the number of a day that was none", &[("3-12", PHOTO, PAN)], &[("46093", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a European day", &[("2025-12-01", PHOTO, PAN)], &[("01/12/2025", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a month's name", &[("2025-12-01", PHOTO, PAN)], &[("1-Dec-25", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a month", &[("2025-12", PHOTO, PAN)], &[("Dec-25", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and midnight", &[("2025-12-01", PHOTO, PAN)], &[("2025-12-01 00:00:00", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and seconds", &[("09:30", PHOTO, PAN)], &[("09:30:00", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and half a day", &[("21:30", PHOTO, PAN)], &[("9:30 PM", PHOTO, "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and signature", &[("SKU-1", "https://res.cloudinary.com/d/s--aB3dEf9h--/kitchen.jpg", PAN)], &[("SKU-1", "https://res.cloudinary.com/d/s--Zz9xYw1v--/kitchen.jpg", "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and token", &[("SKU-1", "https://x.example/00ff00ff/k.jpg", PAN)], &[("SKU-1", "https://x.example/11ff00ff/k.jpg", "Tilt")], Held(&["--resubmit-changed", "image_url", "prompt"])),
    id("another prompt and server", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://images.example.net/rooms/Kitchen.jpg", "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt and a file name in capitals", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", "https://cdn.example.com/rooms/Kitchen.JPG", "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt, signed by Airtable", &[("SKU-1", "https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx", PAN)], &[("SKU-1", "https://v5.airtableusercontent.com/v3/u/28/28/1727171200000/zY9xWvUt8sRqPoNmLkJiHg/zZ1dEfGhIjKlMnOpQrStUvWx", "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt, signed by Dropbox", &[("SKU-1", "https://uc1a.dl.dropboxusercontent.com/cd/0/get/CAbc123/file", PAN)], &[("SKU-1", "https://ucff.dl.dropboxusercontent.com/cd/0/get/CZyx987/file?dl=1", "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt, token and lost zeros", &[("0012", "https://x.example/00ff00ff/k.jpg", PAN)], &[("12", "https://x.example/11ff00ff/k.jpg", "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt, signed by Google Photos", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://lh5.googleusercontent.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", "Tilt")], Held(&["--resubmit-changed", "image_url", "prompt"])),
    id("another prompt and a token in the query", &[("LST-1", "https://x.example/view?n=1&key=AIzaPq8Xn0aLk2Wz7RtbYvQm", PAN)], &[("LST-1", "https://x.example/view?n=1&key=AIzaZz4Kd9uHb1Xc5LeoTsNf", "Tilt")], Held(&["--resubmit-changed"])),
    id("another prompt, Google Photos and lost zeros", &[("0012", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("12", "https://lh5.googleusercontent.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", "Tilt")], Held(&["--resubmit-changed"])),
    id("one of two photos of the same name, with another prompt", &[("SKU-1", "https://x.example/a1/k.jpg", PAN), ("SKU-1", "https://x.example/a2/k.jpg", "Zoom")], &[("SKU-1", "https://x.example/b1/k.jpg", PAN), ("SKU-1", "https://x.example/b2/k.jpg", "Tilt")], Held(&["--resubmit-changed"])),
    // The same clip under another id.
    id("a second id", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", PHOTO, PAN), ("SKU-2", PHOTO, PAN)], Held(&["SKU-1", "SKU-2", "--allow-same-clip", "variant"])),
    id("a second spelling of an id", &[("0012", PHOTO, PAN)], &[("0012", PHOTO, PAN), ("12", PHOTO, PAN)], Held(&["0012", "--allow-same-clip"])),
    id("two spellings that look the same", &[("SKU-1", PHOTO, PAN)], &[("SKU-1", PHOTO, PAN), ("sku-1", PHOTO, PAN)], Held(&["sku-1", "--allow-same-clip"])),
    // What is new.
    id("another photo", &[("LST-1", PHOTO, PAN)], &[("LST-1", "https://cdn.example.com/rooms/bath.jpg", PAN)], Sent(1)),
    id("another folder and file", &[("LST-1", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/bath/2.jpg", PAN)], Sent(1)),
    id("another folder and prompt", &[("LST-1", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/bath/1.jpg", "Tilt")], Sent(1)),
    id("another folder and id", &[("LST-1", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("LST-2", "https://cdn.example.com/bath/1.jpg", PAN)], Sent(1)),
    id("one more folder", &[("LST-1", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/kitchen/1.jpg", PAN), ("LST-1", "https://cdn.example.com/bath/1.jpg", PAN)], Sent(1)),
    id("photos of one listing", &[("LST-1", "https://cdn.example.com/1/a.jpg", PAN), ("LST-1", "https://cdn.example.com/1/b.jpg", PAN), ("LST-1", "https://cdn.example.com/2/a.jpg", PAN)], &[("LST-1", "https://cdn.example.com/1/a.jpg", PAN), ("LST-1", "https://cdn.example.com/1/b.jpg", PAN), ("LST-1", "https://cdn.example.com/2/a.jpg", PAN), ("LST-1", "https://cdn.example.com/3/a.jpg", PAN)], Sent(1)),
    id("another photo, by its query", &[("LST-1", "https://drive.example.com/uc?id=1", PAN)], &[("LST-1", "https://drive.example.com/uc?id=2", PAN)], Sent(1)),
    id("another part of a query that names the photo", &[("LST-1", "https://mls.example.com/GetMedia.ashx?listing=55&photo_no=1", PAN)], &[("LST-1", "https://mls.example.com/GetMedia.ashx?listing=55&photo_no=2", PAN)], Sent(1)),
    id("the next photo of a query, the first one gone", &[("LST-1", "https://mls.example.com/GetMedia.ashx?listing=55&photo_no=1", PAN), ("LST-1", "https://mls.example.com/GetMedia.ashx?listing=55&photo_no=2", PAN)], &[("LST-1", "https://mls.example.com/GetMedia.ashx?listing=55&photo_no=2", PAN), ("LST-1", "https://mls.example.com/GetMedia.ashx?listing=55&photo_no=3", PAN)], Sent(1)),
    id("the next listing's photo, by its query", &[("LST-1", "https://mls.example.com/GetMedia.ashx?listing=55&photo_no=1", PAN)], &[("LST-2", "https://mls.example.com/GetMedia.ashx?listing=66&photo_no=1", PAN)], Sent(1)),
    id("another photo, by a query without a path", &[("LST-1", "https://x.example/?attachment_id=7", PAN)], &[("LST-1", "https://x.example/?attachment_id=8", PAN)], Sent(1)),
    id("another photo, by its query and a token", &[("LST-1", "https://x.example/view?n=1&key=AIzaPq8Xn0aLk2Wz7RtbYvQm", PAN)], &[("LST-1", "https://x.example/view?n=2&key=AIzaZz4Kd9uHb1Xc5LeoTsNf", PAN)], Sent(1)),
    id("another photo, by its id at random", &[("LST-1", "https://x.example/view?fileId=AIzaPq8Xn0aLk2Wz7RtbYvQm", PAN)], &[("LST-1", "https://x.example/view?fileId=AIzaZz4Kd9uHb1Xc5LeoTsNf", PAN)], Sent(1)),
    id("this week's rooms", &[("LST-1", "https://cdn.example.com/1/a.jpg", PAN), ("LST-2", "https://cdn.example.com/2/b.jpg", PAN)], &[("LST-3", "https://cdn.example.com/3/c.jpg", PAN), ("LST-4", "https://cdn.example.com/4/d.jpg", PAN)], Sent(2)),
    id("a common file name", &[("SKU-1", "https://cdn.example.com/sku-1/hero.jpg", PAN)], &[("SKU-2", "https://cdn.example.com/sku-2/hero.jpg", PAN)], Sent(1)),
    id("another prompt and token on another domain", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://img.example.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", "Tilt")], Sent(1)),
    id("a third photo of the same name", &[("SKU-1", "https://x.example/a1/k.jpg", PAN), ("SKU-1", "https://x.example/a2/k.jpg", "Zoom")], &[("SKU-1", "https://x.example/b1/k.jpg", PAN), ("SKU-1", "https://x.example/b2/k.jpg", "Zoom"), ("SKU-1", "https://x.example/b3/k.jpg", "Tilt")], Sent(1)),
    id("the same photo with another prompt under another id", &[("SKU-1", PHOTO, PAN)], &[("SKU-2", PHOTO, "Tilt")], Sent(1)),
    id("a number and its thousands, each with a row", &[("1234", PHOTO, PAN)], &[("1234", PHOTO, PAN), ("1.234", PHOTO, "Tilt")], Sent(1)),
    id("a day and its number, each with a row", &[("2025-12-01", PHOTO, PAN)], &[("2025-12-01", PHOTO, PAN), ("45992", PHOTO, "Tilt")], Sent(1)),
    id("the same day of another year", &[("2024-12-01", PHOTO, PAN)], &[("2025-12-01", PHOTO, "Tilt")], Sent(1)),
    id("the number of another day", &[("2025-12-01", PHOTO, PAN)], &[("45993", PHOTO, "Tilt")], Sent(1)),
];

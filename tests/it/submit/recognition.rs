//! Rows that something has spelled anew since their clips were ordered: none of them is a new order.
//!
//! The renamings are data. Each is a sheet whose clips are ordered, the sheet as it is found the
//! next time, and what the second run does with it.

use std::fmt::Write;

use crate::support::{Request, Server, Step, World};

/// What becomes of the second sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
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
type Row = (&'static str, &'static str, &'static str);

struct Renaming {
    name: &'static str,
    before: &'static [Row],
    after: &'static [Row],
    outcome: Outcome,
}

const PHOTO: &str = "https://cdn.example.com/rooms/kitchen.jpg";
const PAN: &str = "Slow pan, morning light";

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

#[rustfmt::skip]
const RENAMINGS: &[Renaming] = &[
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
    id("one more token", &[("SKU-1", "https://x.example/rooms/1.jpg", PAN)], &[("SKU-1", "https://x.example/rooms/a8f2c1/1.jpg", PAN)], Adopted),
    id("another letter case of a folder", &[("SKU-1", "https://x.example/p/k.jpg", PAN)], &[("SKU-1", "https://x.example/P/k.jpg", PAN)], Adopted),
    id("another letter case of folders", &[("SKU-1", "https://x.example/Rooms/LivingRoom/k.jpg", PAN)], &[("SKU-1", "https://x.example/rooms/livingroom/k.jpg", PAN)], Adopted),
    id("moved by Shopify", &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/products/mug.jpg?v=1", PAN)], &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/files/mug.jpg?v=2", PAN)], Adopted),
    id("moved by Shopify, on the shop's own server", &[("SKU-1", "https://shop.example/cdn/shop/files/mug.jpg", PAN)], &[("SKU-1", "https://shop.example/cdn/shop/products/mug_600x.jpg", PAN)], Adopted),
    id("moved by Shopify, with another prompt", &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/products/mug.jpg?v=1", PAN)], &[("SKU-1", "https://cdn.shopify.com/s/files/1/0001/files/mug.jpg?v=2", "Tilt")], Held(&["--resubmit-changed"])),
    id("another folder", &[("LST-1", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/bath/1.jpg", PAN)], Held(&["another folder", "--resubmit-changed", "creativeai rename ", "https://cdn.example.com/bath/1.jpg"])),
    id("from staging", &[("LST-1", "https://cdn.example.com/staging/k.jpg", PAN)], &[("LST-1", "https://cdn.example.com/live/k.jpg", PAN)], Held(&["--resubmit-changed", "creativeai rename "])),
    id("one folder more", &[("LST-1", "https://cdn.example.com/photos/k.jpg", PAN)], &[("LST-1", "https://cdn.example.com/photos/final/k.jpg", PAN)], Held(&["--resubmit-changed", "creativeai rename "])),
    id("another folder of two words", &[("LST-1", "https://cdn.example.com/LivingRoom/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/DiningRoom/1.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("another folder further up", &[("LST-1", "https://cdn.example.com/draft/rooms/1.jpg", PAN)], &[("LST-1", "https://cdn.example.com/final/rooms/1.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("another folder and lost zeros", &[("0012", "https://cdn.example.com/kitchen/1.jpg", PAN)], &[("12", "https://cdn.example.com/bath/1.jpg", PAN)], Held(&["--resubmit-changed"])),
    id("signed anew and saved by a spreadsheet program", &[("0012", "https://cdn.example.com/a1/kitchen.jpg", PAN)], &[("12", "https://cdn.example.com/b2/kitchen.jpg", PAN)], Held(&["0012", "leading zeros"])),
    // Tokens in place of a file's name.
    id("signed by Google Photos", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=w1024-h768", PAN)], &[("LST-1", "https://lh5.googleusercontent.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf=w1024-h768", PAN)], Held(&["made anew", "creativeai rename ", "--resubmit-changed"])),
    id("another size from Google Photos", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=w1024-h768", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=w2048-h1536-no", PAN)], Adopted),
    id("another part from Google Photos", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=s512", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm=s512-c", PAN)], Held(&["made anew"])),
    id("signed by a listing service", &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/NDU1LzM2NC8xNQ/MjAvMTIx/AbCdEf0123456789xyzAbCdEf01", PAN)], &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/NDU1LzM2NC8xNQ/MjAvMTIx/ZyXwVu9876543210abcZyXwVu98", PAN)], Held(&["made anew"])),
    id("a time for a name", &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/1732700000", PAN)], &[("LST-1", "https://api-trestle.corelogic.com/trestle/Media/Property/PHOTO-Jpeg/1034567890/3/1732790000", PAN)], Held(&["made anew"])),
    id("a web token for a name", &[("LST-1", "https://img.example.com/p/eyJhbGciOiJIUzI1NiJ9.eyJ1IjoiYSJ9.AAAA", PAN)], &[("LST-1", "https://img.example.com/p/eyJhbGciOiJIUzI1NiJ9.eyJ1IjoiYSJ9.BBBB", PAN)], Held(&["made anew"])),
    id("a token beside the one that was ordered", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN), ("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", PAN)], Sent(1)),
    id("a token on another domain", &[("LST-1", "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://img.example.com/pw/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", PAN)], Sent(1)),
    id("another token in a folder of another name", &[("LST-1", "https://x.example/kitchen/AP1GczPq8Xn0aLk2Wz-7Rt_bYvQm", PAN)], &[("LST-1", "https://x.example/bath/AP1GczZz4Kd9uHb1Xc_5Le-oTsNf", PAN)], Sent(1)),
    id("another file of Google Drive", &[("LST-1", "https://lh3.googleusercontent.com/d/1aBcDeFgHiJkLmNoPqRsTuVwXyZ012345", PAN)], &[("LST-1", "https://lh3.googleusercontent.com/d/1zYxWvUtSrQpOnMlKjIhGfEdCbA987654", PAN)], Sent(1)),
    id("another photo, by its UUID", &[("LST-1", "https://x.example/p/550e8400-e29b-41d4-a716-446655440000", PAN)], &[("LST-1", "https://x.example/p/7c9e6679-7425-40de-944b-e07fc1f90ae7", PAN)], Sent(1)),
    id("another photo, by its words", &[("LST-1", "https://x.example/p/IMG_20240512_LivingRoom2", PAN)], &[("LST-1", "https://x.example/p/IMG_20240513_DiningRoom1", PAN)], Sent(1)),
    id("another photo of Unsplash", &[("LST-1", "https://images.unsplash.com/photo-1512917774080-9991f1c4c750?w=1080", PAN)], &[("LST-1", "https://images.unsplash.com/photo-1600596542815-ffad4c1539a9?w=1080", PAN)], Sent(1)),
    // Places of another kind.
    id("from Airtable to a server of one's own", &[("LST-1", "kitchen.jpg (https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx)", PAN)], &[("LST-1", "https://cdn.example.com/p/Kitchen.jpg", PAN)], Held(&["another place", "creativeai rename ", "--resubmit-changed"])),
    id("from a server of one's own to Airtable", &[("LST-1", "https://cdn.example.com/p/kitchen.jpg", PAN)], &[("LST-1", "kitchen.jpg (https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx)", PAN)], Held(&["another place"])),
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
    id("this week's rooms", &[("LST-1", "https://cdn.example.com/1/a.jpg", PAN), ("LST-2", "https://cdn.example.com/2/b.jpg", PAN)], &[("LST-3", "https://cdn.example.com/3/c.jpg", PAN), ("LST-4", "https://cdn.example.com/4/d.jpg", PAN)], Sent(2)),
    id("a common file name", &[("SKU-1", "https://cdn.example.com/sku-1/hero.jpg", PAN)], &[("SKU-2", "https://cdn.example.com/sku-2/hero.jpg", PAN)], Sent(1)),
    id("a third photo of the same name", &[("SKU-1", "https://x.example/a1/k.jpg", PAN), ("SKU-1", "https://x.example/a2/k.jpg", "Zoom")], &[("SKU-1", "https://x.example/b1/k.jpg", PAN), ("SKU-1", "https://x.example/b2/k.jpg", "Zoom"), ("SKU-1", "https://x.example/b3/k.jpg", "Tilt")], Sent(1)),
    id("the same photo with another prompt under another id", &[("SKU-1", PHOTO, PAN)], &[("SKU-2", PHOTO, "Tilt")], Sent(1)),
    id("a number and its thousands, each with a row", &[("1234", PHOTO, PAN)], &[("1234", PHOTO, PAN), ("1.234", PHOTO, "Tilt")], Sent(1)),
    id("a day and its number, each with a row", &[("2025-12-01", PHOTO, PAN)], &[("2025-12-01", PHOTO, PAN), ("45992", PHOTO, "Tilt")], Sent(1)),
    id("the same day of another year", &[("2024-12-01", PHOTO, PAN)], &[("2025-12-01", PHOTO, "Tilt")], Sent(1)),
    id("the number of another day", &[("2025-12-01", PHOTO, PAN)], &[("45993", PHOTO, "Tilt")], Sent(1)),
];

fn sheet(rows: &[Row]) -> String {
    let mut text = String::from("sku,image_url,video_prompt\n");
    for (id, photo, prompt) in rows {
        writeln!(text, "\"{id}\",\"{photo}\",\"{prompt}\"").unwrap();
    }
    text
}

/// The answer to a poll whose clip failed.
fn failed(poll: &Request) -> Step {
    let id = poll.path.rsplit('/').next().unwrap_or_default();
    Step::reply(200, format!("{{\"id\":\"{id}\",\"status\":\"failed\"}}"))
}

fn orders(server: &Server) -> usize {
    server.bills().len()
}

#[test]
fn a_row_that_was_spelled_anew_is_what_the_table_says() {
    for Renaming {
        name,
        before,
        after,
        outcome,
    } in RENAMINGS
    {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(before));
        // Dates and powers of ten may be meant so.
        let submit = ["submit", "sheet.csv", "--allow-odd-cells"];
        let first = world.run(&submit).expect(0);
        assert!(
            !first.stderr.contains("warning"),
            "{name}: {}",
            first.stderr
        );
        assert_eq!(orders(&server), before.len(), "{name}");
        let ordered = world.log().text;

        world.write("sheet.csv", sheet(after));
        let run = world.run(&[&submit[..], &["--json"]].concat());
        let (code, more) = match outcome {
            Adopted => (0, 0),
            Held(_) => (3, 0),
            Refused => (65, 0),
            Sent(more) => (0, *more),
        };
        assert_eq!(
            orders(&server),
            before.len() + more,
            "{name}: {}",
            run.stderr
        );
        assert_eq!(run.code(), code, "{name}: {}", run.stderr);
        let output = run.json();
        let held = output["held"].as_array().map_or(&[][..], Vec::as_slice);
        match outcome {
            Refused => assert!(run.stderr.contains("invisible"), "{name}: {}", run.stderr),
            Held(words) => {
                assert_eq!(held.len(), 1, "{name}: {output}");
                assert_eq!(held[0]["id"], after.last().unwrap().0.trim(), "{name}");
                for word in *words {
                    assert!(
                        run.stderr.contains(word),
                        "{name}: {word:?} in {}",
                        run.stderr
                    );
                }
            }
            Adopted => {
                assert_eq!(output["skipped"], after.len(), "{name}: {output}");
                assert_eq!(output["pending"], after.len(), "{name}: {output}");
                assert_eq!(run.stderr, "", "{name}");
            }
            Sent(_) => assert_eq!(run.stderr, "", "{name}"),
        }
        if more == 0 {
            assert_eq!(world.log().text, ordered, "{name}");
        }
        // Once more it is the same.
        let again = world.run(&submit);
        assert_eq!(again.code(), code, "{name}: {}", again.stderr);
        assert_eq!(orders(&server), before.len() + more, "{name}");
    }
}

#[test]
fn a_dry_run_reports_the_same() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("0012", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", sheet(&[("12", PHOTO, PAN)]));
    let output = world
        .run(&["submit", "sheet.csv", "--dry-run", "--json"])
        .expect(0);
    assert_eq!(output.json()["renamed"], 1);
    assert_eq!(output.json()["held"][0]["cause"], "leading_zeros");
    let text = world.run(&["submit", "sheet.csv", "--dry-run"]).expect(0);
    assert!(text.stdout.contains("renamed"), "{}", text.stdout);
}

#[test]
fn what_a_person_lets_through_is_ordered_once() {
    let cases: &[(&[Row], &[Row], &str, usize)] = &[
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-2", PHOTO, PAN)],
            "--resubmit-changed",
            1,
        ),
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-2", PHOTO, PAN)],
            "--allow-same-clip",
            0,
        ),
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-1", PHOTO, PAN), ("SKU-2", PHOTO, PAN)],
            "--allow-same-clip",
            0,
        ),
    ];
    for (before, after, option, replaced) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(before));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(after));
        world.run(&["submit", "sheet.csv"]).expect(3);
        world.run(&["submit", "sheet.csv", option]).expect(0);
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 2, "{option}");
        let log = world.log();
        let marks = log
            .words()
            .iter()
            .filter(|word| **word == "superseded")
            .count();
        assert_eq!(marks, *replaced, "{option} {}", log.text);
    }
}

#[test]
fn another_variant_is_another_clip() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let header = "sku,image_url,video_prompt,variant\n";
    world.write("sheet.csv", format!("{header}SKU-1,{PHOTO},pan,\n"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write(
        "sheet.csv",
        format!("{header}SKU-1,{PHOTO},pan,\nSKU-2,{PHOTO},pan,b\n"),
    );
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(orders(&server), 2);
}

#[test]
fn a_variant_that_reads_the_same_is_the_same_clip() {
    let sheet = |variants: &[&str]| {
        let row = |variant: &&str| format!("SKU-1,{PHOTO},pan,{variant}\n");
        let rows: String = variants.iter().map(row).collect();
        format!("sku,image_url,video_prompt,variant\n{rows}")
    };
    for (before, after) in [
        ("front", "Front"),
        ("left side", " left  side"),
        ("caf\u{e9}", "CAFE\u{301}"),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[before]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(&[after]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 1, "{after}");
    }
}

/// Two rows of one sheet: id, photo, prompt, variant of each; then the clips that are ordered, and the
/// exit code.
type Pair = (&'static str, [[&'static str; 4]; 2], usize, i32);

#[rustfmt::skip]
const PAIRS: &[Pair] = &[
    // What cannot be seen, and how an address is written.
    ("blanks", [["L1", PHOTO, "Slow pan", ""], ["L1", PHOTO, "Slow\u{a0}pan", ""]], 1, 0),
    ("a soft hyphen", [["L1", PHOTO, "Slow pan", ""], ["L1", PHOTO, "Slow pa\u{ad}n", ""]], 1, 0),
    ("a decomposed letter", [["L1", PHOTO, "caf\u{e9}", ""], ["L1", PHOTO, "cafe\u{301}", ""]], 1, 0),
    ("a blank in the id", [["L 1", PHOTO, "pan", ""], ["L\u{a0}1", PHOTO, "pan", ""]], 1, 0),
    ("blanks in the variant", [["L1", PHOTO, "pan", "a b"], ["L1", PHOTO, "pan", "a  b"]], 1, 0),
    ("without encryption", [["L1", "https://a.example/k.jpg", "pan", ""], ["L1", "http://a.example/k.jpg", "pan", ""]], 1, 0),
    ("the host in capitals", [["L1", "https://c.example/k.jpg", "pan", ""], ["L1", "https://C.example/k.jpg", "pan", ""]], 1, 0),
    ("a doubled slash", [["L1", "https://a.example/p/k.jpg", "pan", ""], ["L1", "https://a.example//p/k.jpg", "pan", ""]], 1, 0),
    ("an encoded sign", [["L1", "https://a.example/p/k%2Done.jpg", "pan", ""], ["L1", "https://a.example/p/k-one.jpg", "pan", ""]], 1, 0),
    ("the default port and a signature", [["L1", "https://a.example/k.jpg?sig=1", "pan", ""], ["L1", "https://a.example:443/k.jpg?sig=2", "pan", ""]], 1, 0),
    ("another size", [["L1", "https://shop.example/cdn/shop/files/mug.jpg", "pan", ""], ["L1", "https://shop.example/cdn/shop/files/mug_600x.jpg", "pan", ""]], 1, 0),
    ("without a photo", [["L1", "", "Slow pan", ""], ["L1", "", "Slow\u{a0}pan", ""]], 1, 0),
    // What is seen, and likely to be one clip all the same.
    ("another letter case of the id", [["mug-1", PHOTO, "pan", ""], ["MUG-1", PHOTO, "pan", ""]], 1, 3),
    ("another letter case of the variant", [["L1", PHOTO, "pan", "a"], ["L1", PHOTO, "pan", "A"]], 1, 3),
    ("zeros", [["00042", PHOTO, "pan", ""], ["42", PHOTO, "pan", ""]], 1, 3),
    ("a decimal", [["42.0", PHOTO, "pan", ""], ["42", PHOTO, "pan", ""]], 1, 3),
    ("a date", [["3-12", PHOTO, "pan", ""], ["12-Mar", PHOTO, "pan", ""]], 1, 3),
    ("rounded", [["401234567890123", PHOTO, "pan", ""], ["4.01235E+14", PHOTO, "pan", ""]], 1, 3),
    ("the wrong encoding of the id", [["M\u{fc}ller", PHOTO, "pan", ""], ["M\u{c3}\u{bc}ller", PHOTO, "pan", ""]], 1, 3),
    ("the wrong encoding of the prompt", [["L1", PHOTO, "caf\u{e9}", ""], ["L1", PHOTO, "caf\u{c3}\u{a9}", ""]], 1, 3),
    ("capitals, blanks and an address", [["mug-1", "https://a.example/k.jpg", "pan", ""], ["MUG-1", "http://A.example//k.jpg?sig=1", " pan", ""]], 1, 3),
    ("capitals without a photo", [["mug-1", "", "pan", ""], ["MUG-1", "", "pan", ""]], 1, 3),
    ("capitals and another part", [["mug-1", "https://a.example/k.jpg?crop=left", "pan", ""], ["MUG-1", "https://a.example/k.jpg?crop=right", "pan", ""]], 1, 3),
    // Two clips.
    ("variants", [["L1", PHOTO, "pan", "a"], ["L1", PHOTO, "pan", "b"]], 2, 0),
    ("variants of two spellings", [["mug-1", PHOTO, "pan", "a"], ["MUG-1", PHOTO, "pan", "b"]], 2, 0),
    ("two parts", [["L1", "https://a.example/k.jpg?crop=left", "pan", ""], ["L1", "https://a.example/k.jpg?crop=right", "pan", ""]], 2, 0),
    ("two files", [["L1", "https://a.example/k.jpg", "pan", ""], ["L1", "https://a.example/K.jpg", "pan", ""]], 2, 0),
    ("two folders", [["L1", "https://a.example/bath/1.jpg", "pan", ""], ["L1", "https://a.example/hall/1.jpg", "pan", ""]], 2, 0),
    ("two letter cases in the prompt", [["L1", PHOTO, "pan", ""], ["L1", PHOTO, "Pan", ""]], 2, 0),
    ("capitals and another prompt", [["mug-1", "https://a.example/k.jpg", "pan", ""], ["MUG-1", "http://A.example//k.jpg?sig=1", "slow  pan", ""]], 2, 0),
    ("two listings without a photo", [["L1", "", "pan", ""], ["L2", "", "pan", ""]], 2, 0),
];

#[test]
fn two_rows_of_one_sheet_that_are_one_clip_are_ordered_once() {
    let sheet = |rows: &[[&str; 4]]| {
        let rows = rows
            .iter()
            .map(|row| format!("\"{}\"\n", row.join("\",\"")));
        let header = "sku,image_url,video_prompt,variant\n".to_owned();
        std::iter::once(header).chain(rows).collect::<String>()
    };
    let submit = [
        "submit",
        "sheet.csv",
        "--allow-odd-cells",
        "--allow-no-image",
    ];
    for (name, rows, bills, code) in PAIRS {
        // At once, or the second row in a later run.
        for first in [2, 1] {
            let server = Server::accepting();
            let world = World::facing(&server);
            let mut codes = Vec::new();
            for count in [first, 2, 2] {
                world.write("sheet.csv", sheet(&rows[..count]));
                let run = world.run(&submit);
                codes.push(run.code());
                let both = run.stderr.contains("line 3 as line 2");
                let is_held =
                    run.stderr.contains("sheet.csv:3") && run.stderr.contains("same clip");
                let words = (both, is_held);
                let expected = match (count, *bills, *code) {
                    (1, ..) | (_, 2, _) => (false, false),
                    (.., 0) => (true, false),
                    _ => (false, true),
                };
                assert_eq!(words, expected, "{name}: {}", run.stderr);
                if first == 2 && codes.len() == 1 && is_held {
                    assert!(run.stderr.contains("as line 2"), "{name}: {}", run.stderr);
                }
            }
            let expected = [if first == 2 { *code } else { 0 }, *code, *code];
            assert_eq!(codes, expected, "{name}");
            assert_eq!(orders(&server), *bills, "{name}");
            if *code == 3 {
                let run = world.run(&[&submit[..], &["--allow-same-clip"]].concat());
                run.expect(0);
                assert_eq!(orders(&server), 2, "{name}");
            }
        }
    }
}

#[test]
fn a_held_row_of_one_sheet_names_the_other_one() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let rows = [
        ("mug-1", PHOTO, PAN),
        ("SKU-2", PHOTO, PAN),
        ("MUG-1", PHOTO, PAN),
    ];
    world.write("sheet.csv", sheet(&rows));
    let plan = ["submit", "sheet.csv", "--dry-run", "--json"];
    assert_eq!(world.run(&plan).expect(0).json()["same_clip"], 1);
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    let held = run.json()["held"].clone();
    assert_eq!(held.as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &held[0]["line"],
            &held[0]["other_line"],
            &held[0]["job_id"],
            &held[0]["reason"]
        ),
        (&4.into(), &2.into(), &"mug-1".into(), &"same_clip".into())
    );
    assert_eq!(held[0]["job"], world.log().job_of("mug-1")["job"]);
    // Another id is another matter.
    assert!(run.stderr.contains("line 3 as line 2"), "{}", run.stderr);
    assert_eq!(orders(&server), 2);
}

#[test]
fn what_was_refused_is_not_ordered_under_a_second_spelling() {
    for refusal in [400, 402] {
        let server = Server::start(move |post| match post.number {
            0 => Step::reply(refusal, "refused"),
            _ => Step::accept(),
        });
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("mug-1", PHOTO, PAN)]));
        world.run(&["submit", "sheet.csv"]);
        // The second spelling stands above the first one.
        world.write(
            "sheet.csv",
            sheet(&[("MUG-1", PHOTO, PAN), ("mug-1", PHOTO, PAN)]),
        );
        world.run(&["submit", "sheet.csv"]).expect(3);
        world.run(&["retry", "--failed"]).expect(0);
        world.run(&["submit", "sheet.csv"]).expect(3);
        assert_eq!(orders(&server), 1, "{refusal}");
    }
}

#[test]
fn a_photo_in_another_folder_is_renamed_or_ordered() {
    let rows = |folder: &str| {
        let row = |n: u32| format!("LST-1,https://cdn.example.com/{folder}/{n}.jpg,pan\n");
        let rows: String = (1..=12).map(row).collect();
        format!("sku,image_url,video_prompt\n{rows}")
    };
    for is_same in [true, false] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", rows("staging"));
        let run = world.run(&["submit", "sheet.csv"]).expect(0);
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
        world.write("sheet.csv", rows("live"));
        let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
        assert_eq!(run.json()["changed"], 12);
        assert!(run.stderr.contains("2 more rows"), "{}", run.stderr);
        assert_eq!(orders(&server), 12);
        if is_same {
            let bulk = ["rename", "--from-manifest", "sheet.csv", "--yes"];
            world.run(&bulk).expect(0);
        } else {
            world
                .run(&["submit", "sheet.csv", "--resubmit-changed"])
                .expect(0);
        }
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), if is_same { 12 } else { 24 });
    }
}

#[test]
fn a_photo_is_one_jobs_when_folders_are_renamed_in_bulk() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let photo = "https://cdn.example.com/kitchen/1.jpg";
    world.write("sheet.csv", sheet(&[("LST-1", photo, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let rows = [
        ("LST-1", "https://cdn.example.com/bath/1.jpg", PAN),
        ("LST-1", "https://cdn.example.com/hall/1.jpg", PAN),
    ];
    world.write("sheet.csv", sheet(&rows));
    world.run(&["submit", "sheet.csv"]).expect(3);
    // Either may be it, so none is taken for it.
    let before = world.log().text;
    let renamed = world
        .run(&["rename", "--from-manifest", "sheet.csv", "--yes"])
        .expect(0);
    for words in ["sheet.csv:2", "sheet.csv:3", "so may another row", "rename"] {
        assert!(
            renamed.stderr.contains(words),
            "{words}: {}",
            renamed.stderr
        );
    }
    assert_eq!(world.log().text, before);
    assert_eq!(orders(&server), 1);
}

#[test]
fn photos_of_one_name_that_all_moved_are_offered_each_and_replaced_each() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let photo = |folder: &str| format!("https://cdn.example.com/{folder}/1.jpg");
    let rows = |prefix: &str| {
        let row = |room: &str| format!("LST-1,{},{PAN}\n", photo(&format!("{prefix}{room}")));
        let rows: String = ["kitchen", "bath", "hall"].map(row).concat();
        format!("sku,image_url,video_prompt\n{}", rows.replace(PAN, "Pan"))
    };
    world.write("sheet.csv", rows(""));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", rows("new"));
    let held = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    let jobs = held.json()["held"].as_array().unwrap().clone();
    let jobs: std::collections::BTreeSet<_> =
        jobs.iter().map(|row| row["job"].to_string()).collect();
    assert_eq!(jobs.len(), 3, "{}", held.stderr);
    for room in ["kitchen", "bath", "hall"] {
        let words = format!("if it was {}", photo(room));
        assert_eq!(held.stderr.matches(&words).count(), 3, "{}", held.stderr);
    }
    // Which of them is which, a person has to say.
    let before = world.log().text;
    let bulk = ["rename", "--from-manifest", "sheet.csv", "--yes"];
    let renamed = world.run(&bulk).expect(0);
    assert!(
        renamed.stderr.contains("so may another row"),
        "{}",
        renamed.stderr
    );
    assert_eq!(world.log().text, before);
    world
        .run(&["submit", "sheet.csv", "--resubmit-changed"])
        .expect(0);
    let lines = world.log().lines;
    let replaced = lines.iter().filter(|line| line["status"] == "superseded");
    let replaced: std::collections::BTreeSet<_> =
        replaced.map(|line| line["job"].to_string()).collect();
    assert_eq!(replaced, jobs);
}

#[test]
fn a_row_set_back_is_known_although_its_address_was_made_anew() {
    for (ordered, found, code) in [
        ("00ff00ff", "11ff00ff", 0),
        ("00ff00ff", "q", 0),
        ("kitchen", "bath", 3),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let row = |folder: &str, prompt: &'static str| {
            let photo = format!("https://x.example/{folder}/k.jpg");
            format!("sku,image_url,video_prompt\nSKU-1,{photo},{prompt}\n")
        };
        for prompt in ["Pan", "Tilt"] {
            world.write("sheet.csv", row(ordered, prompt));
            let again = ["submit", "sheet.csv", "--resubmit-changed"];
            world.run(&again).expect(0);
        }
        world.write("sheet.csv", row(found, "Pan"));
        let run = world.run(&["submit", "sheet.csv"]).expect(code);
        assert_eq!(orders(&server), 2, "{found}: {}", run.stderr);
    }
}

#[test]
fn the_clip_that_a_row_was_set_back_to_is_the_one_that_goes_out() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({
            "id": id, "status": "completed", "credits": 5,
            "output_url": "https://cdn.example.com/clip.mp4",
        });
        Step::reply(200, body.to_string())
    });
    let world = World::facing(&server);
    let states = || {
        let jobs = world.run(&["status", "--json"]).expect(0).json();
        let state = |job: &serde_json::Value| {
            let prompt = job["request"]["prompt"].as_str().unwrap_or_default();
            (prompt.to_owned(), job.get("superseded").is_none())
        };
        let states: std::collections::BTreeMap<_, _> =
            jobs.as_array().unwrap().iter().map(state).collect();
        states
    };
    let counts = |pan, tilt, zoom| {
        let all = [("Pan", pan), ("Tilt", tilt), ("Zoom", zoom)];
        all.map(|(prompt, counts)| (prompt.to_owned(), counts))
            .into()
    };
    for prompt in ["Pan", "Tilt", "Zoom"] {
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, prompt)]));
        let again = ["submit", "sheet.csv", "--resubmit-changed"];
        world.run(&again).expect(0);
        world.run(&["reconcile"]).expect(0);
    }
    assert_eq!(states(), counts(false, false, true));
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "Pan")]));
    world.run(&["submit", "sheet.csv", "--dry-run"]).expect(0);
    assert_eq!(states(), counts(false, false, true));
    let back = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(
        back.stderr.contains("1 row of sheet.csv was set back"),
        "{}",
        back.stderr
    );
    assert_eq!(states(), counts(true, false, false));
    // Once is enough, and compacting keeps it.
    let before = world.log().text;
    let again = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(!again.stderr.contains("set back"), "{}", again.stderr);
    assert_eq!(world.log().text, before);
    world.run(&["compact"]).expect(0);
    assert_eq!(states(), counts(true, false, false));
    // While the newer one has a row of its own, both count.
    let rows = [("SKU-1", PHOTO, "Pan"), ("SKU-1", PHOTO, "Tilt")];
    world.write("sheet.csv", sheet(&rows));
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(states(), counts(true, true, false));
    assert_eq!(orders(&server), 3);
}

#[test]
fn a_row_set_back_adds_nothing_to_a_log_in_another_encoding() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for prompt in ["Pan", "Tilt"] {
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, prompt)]));
        let again = ["submit", "sheet.csv", "--resubmit-changed"];
        world.run(&again).expect(0);
    }
    let log = format!("\u{feff}{}", world.log().text);
    let log: Vec<u8> = log.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    world.write("jobs.jsonl", &log);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "Pan")]));
    let run = world.run(&["submit", "sheet.csv"]).expect(65);
    assert!(run.stderr.contains("UTF-16"), "{}", run.stderr);
    assert_eq!(std::fs::read(world.path("jobs.jsonl")).unwrap(), log);
    assert_eq!(orders(&server), 2);
}

#[test]
fn a_photo_that_a_row_lost_or_got_is_an_edit() {
    const WITH: &str = "listing_id,image_url,video_prompt\nA,https://x.example/a.jpg,Pan\n";
    const RENAMED: &str = "listing_id,Foto,video_prompt\nA,https://x.example/a.jpg,Pan\n";
    const EMPTY: &str = "listing_id,image_url,video_prompt\nA,,Pan\n";
    const ANOTHER_ROW: &str =
        "listing_id,image_url,video_prompt\nA,,Pan\nA,https://x.example/a.jpg,Pan\n";
    for (before, after, code, sent) in [
        (WITH, RENAMED, 3, 0),
        (WITH, EMPTY, 3, 0),
        (EMPTY, WITH, 3, 0),
        // Another clip, while the own row is there.
        (WITH, ANOTHER_ROW, 0, 1),
        (EMPTY, ANOTHER_ROW, 0, 1),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let submit = ["submit", "sheet.csv", "--allow-no-image"];
        world.write("sheet.csv", before);
        world.run(&submit).expect(0);
        world.write("sheet.csv", after);
        let run = world.run(&submit).expect(code);
        assert_eq!(orders(&server), 1 + sent, "{before}{after}{}", run.stderr);
        assert_eq!(
            run.stderr.contains("image_url"),
            code == 3,
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_prompt_that_a_retry_has_given_is_the_jobs_as_well() {
    const BETTER: &str = "Better pan";
    const SIGNED: &str = "https://cdn.example.com/a8f2c1/kitchen.jpg";
    const ANEW: &str = "https://cdn.example.com/77c1d2/kitchen.jpg";
    let cases: &[(Row, i32)] = &[
        (("SKU-1", SIGNED, BETTER), 0),
        (("SKU-1", SIGNED, "better pan"), 3),
        (("SKU-1", ANEW, BETTER), 0),
        (("SKU-2", SIGNED, BETTER), 3),
        (("sku-1", SIGNED, BETTER), 0),
        // And what was ordered first.
        (("SKU-1", SIGNED, PAN), 0),
        (("SKU-1", ANEW, PAN), 0),
        (("SKU-2", SIGNED, PAN), 3),
    ];
    for (row, code) in cases {
        let server = Server::answering(|request| {
            if request.method == "POST" {
                return Step::accept();
            }
            let id = request.path.rsplit('/').next().unwrap_or_default();
            let body = serde_json::json!({
                "id": id, "status": "completed", "credits": 5,
                "output_url": "https://cdn.example.com/clip.mp4",
            });
            Step::reply(200, body.to_string())
        });
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", SIGNED, PAN)]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.run(&["reconcile"]).expect(0);
        let job = world.log().job_of("SKU-1")["job"]
            .as_str()
            .unwrap()
            .to_owned();
        let verdict = format!("job,attempt,verdict\n{job},1,reject\n");
        world.write("verdicts.csv", verdict);
        world.run(&["review", "--from", "verdicts.csv"]).expect(0);
        let retry = ["retry", "--rejected", "-y", "--new-prompt", BETTER];
        world.run(&retry).expect(0);
        assert_eq!(orders(&server), 2);
        world.write("sheet.csv", sheet(&[*row]));
        for command in [
            &["submit", "sheet.csv"][..],
            &["compact"],
            &["submit", "sheet.csv"],
        ] {
            let run = world.run(command);
            assert!(
                command.len() == 1 || run.code() == *code,
                "{row:?}: {}",
                run.stderr
            );
            assert_eq!(orders(&server), 2, "{row:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_voice_in_another_language_is_held_while_its_own_row_is_gone() {
    const OWN: &str = "LST-1,Welcome home,alloy,en,1.0";
    let cases: &[(&[&str], usize, i32)] = &[
        (&["LST-1,Welcome home,alloy,EN,1.0"], 1, 0),
        (&["LST-1,Welcome\u{a0}home,alloy,En,1"], 1, 0),
        (&["LST-1,Welcome home,alloy,en-US,1.0"], 1, 3),
        (&["LST-1,Welcome home,alloy,de,1.0"], 1, 3),
        (&["LST-1,Welcome home,alloy,,1.0"], 1, 0),
        (&["LST-1,Welcome home,nova,de,1.2"], 1, 3),
        (&["LST-1,Welcome to your home,alloy,en-US,1.0"], 1, 3),
        (&["LST-2,Welcome home,alloy,EN,1.0"], 1, 3),
        // Beside its own row it is another clip.
        (&[OWN, "LST-1,Welcome home,alloy,de,1.0"], 2, 0),
        (&[OWN, "LST-1,Welcome home,alloy,en-US,1.0"], 2, 0),
        (&[OWN, "LST-2,Welcome home,alloy,en,1.0"], 2, 0),
        // But for what cannot be seen, or an id that reads the same.
        (&[OWN, "LST-1,Welcome home,alloy,EN,1.0"], 1, 0),
        (&[OWN, "lst-1,Welcome home,alloy,en,1.0"], 1, 3),
        // A translation is another clip.
        (&["LST-1,Willkommen,alloy,de,1.0"], 2, 0),
    ];
    let sheet = |rows: &[&str]| {
        format!(
            "listing_id,text,voice,language,speed\n{}\n",
            rows.join("\n")
        )
    };
    for (after, bills, code) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[OWN]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(after));
        for _ in 0..2 {
            let run = world.run(&["submit", "sheet.csv"]);
            assert_eq!(run.code(), *code, "{after:?}: {}", run.stderr);
            assert_eq!(orders(&server), *bills, "{after:?}: {}", run.stderr);
        }
        if *code == 3 && after.len() == 1 {
            world
                .run(&["submit", "sheet.csv", "--resubmit-changed"])
                .expect(0);
            assert_eq!(orders(&server), 2, "{after:?}");
        }
    }
}

#[test]
fn one_job_is_taken_for_one_row_only() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let both = [("sku-1", PHOTO, PAN), ("\u{feff}SKU-1", PHOTO, PAN)];
    world.write("sheet.csv", sheet(&both));
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    assert_eq!(
        (&run.json()["skipped"], &run.json()["same_clip"]),
        (&1.into(), &1.into())
    );
    assert_eq!(orders(&server), 1);
}

#[test]
fn a_row_that_stands_in_the_sheet_once_more_signed_anew_is_ordered_once() {
    type Case<'a> = (&'a str, &'a [Row], &'a [Row], usize, i32);
    const SIGNED: &str = "https://cdn.example.com/rooms/kitchen.jpg?X-Amz-Signature=1";
    const AGAIN: &str = "https://cdn.example.com/rooms/kitchen.jpg?X-Amz-Signature=2&Expires=9";
    const LEFT: &str = "https://cdn.example.com/rooms/kitchen.jpg?crop=left";
    const RIGHT: &str = "https://cdn.example.com/rooms/kitchen.jpg?crop=right";
    const OTHER_PORT: &str = "https://CDN.example.com:443/rooms/kitchen.jpg";
    let (row, again) = (("SKU-1", SIGNED, PAN), ("SKU-1", AGAIN, PAN));
    let cases: &[Case<'_>] = &[
        ("at once", &[], &[row, again], 1, 0),
        ("added below", &[row], &[row, again], 1, 0),
        ("added above", &[row], &[again, row], 1, 0),
        ("both new", &[("SKU-1", PHOTO, PAN)], &[row, again], 1, 0),
        (
            "another spelling",
            &[row],
            &[row, ("SKU-1", OTHER_PORT, PAN)],
            1,
            0,
        ),
        (
            "other blanks",
            &[row],
            &[row, ("SKU-1", SIGNED, "Slow pan,  morning light")],
            1,
            0,
        ),
        (
            "two parts",
            &[],
            &[("SKU-1", LEFT, PAN), ("SKU-1", RIGHT, PAN)],
            2,
            0,
        ),
        (
            "one more part",
            &[("SKU-1", LEFT, PAN)],
            &[("SKU-1", LEFT, PAN), ("SKU-1", RIGHT, PAN)],
            2,
            0,
        ),
    ];
    for (name, before, after, bills, code) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        if !before.is_empty() {
            world.write("sheet.csv", sheet(before));
            world.run(&["submit", "sheet.csv"]).expect(0);
        }
        world.write("sheet.csv", sheet(after));
        for command in [
            &["submit", "sheet.csv"][..],
            &["compact"],
            &["submit", "sheet.csv"],
        ] {
            let run = world.run(command);
            assert_eq!(orders(&server), *bills, "{name}: {}", run.stderr);
            let code = if command.len() == 1 { 0 } else { *code };
            assert_eq!(run.code(), code, "{name}: {}", run.stderr);
        }
        let run = world.run(&["submit", "sheet.csv"]);
        let is_named = run.stderr.contains("signature") && run.stderr.contains("variant");
        assert_eq!(
            is_named,
            *bills == 1 && *code == 0,
            "{name}: {}",
            run.stderr
        );
    }
}

#[test]
fn what_was_refused_and_then_sent_as_another_row_is_not_sent_by_a_retry() {
    let sheets: &[(&str, Row)] = &[
        ("another id", ("SKU-2", PHOTO, PAN)),
        (
            "another server",
            ("SKU-1", "https://d1.example.net/img/kitchen.jpg", PAN),
        ),
        (
            "another signature",
            (
                "SKU-1",
                "https://cdn.example.com/rooms/kitchen.jpg?sig=1",
                PAN,
            ),
        ),
    ];
    for refusal in [400, 401] {
        for (name, row) in sheets {
            let server = Server::start(move |post| match post.number {
                0 => Step::reply(refusal, "refused"),
                _ => Step::accept(),
            });
            let world = World::facing(&server);
            world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
            world.run(&["submit", "sheet.csv"]);
            world.write("sheet.csv", sheet(&[*row]));
            world.run(&["submit", "sheet.csv"]).expect(0);
            world.run(&["retry", "--failed"]).expect(0);
            world.run(&["compact"]).expect(0);
            world.run(&["retry", "--failed"]).expect(0);
            assert_eq!(orders(&server), 1, "{refusal}: {name}");
            // Nor is it when the old row is back, alone or beside the new one.
            for rows in [&[("SKU-1", PHOTO, PAN)][..], &[("SKU-1", PHOTO, PAN), *row]] {
                world.write("sheet.csv", sheet(rows));
                let run = world.run(&["submit", "sheet.csv"]);
                let is_other_photo = *name == "another server" && rows.len() == 2;
                assert_eq!(
                    orders(&server),
                    if is_other_photo { 2 } else { 1 },
                    "{refusal}: {name}: {}",
                    run.stderr
                );
                assert!(
                    matches!(run.code(), 0 | 3),
                    "{refusal}: {name}: {}",
                    run.stderr
                );
            }
        }
    }
}

#[test]
fn rows_of_one_sheet_that_are_the_same_clip_are_named_and_sent() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "sheet.csv",
        sheet(&[("SKU-1", PHOTO, PAN), ("SKU-2", PHOTO, PAN)]),
    );
    let run = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(run.stderr.contains("line 3 as line 2"), "{}", run.stderr);
    assert_eq!(orders(&server), 2);
    let again = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(!again.stderr.contains("line 3"), "{}", again.stderr);
}

#[test]
fn many_renamed_rows_are_reported_in_one_sentence() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let rows = |zeros: &str| {
        let mut text = String::from("sku,image_url,video_prompt\n");
        for n in 1..=12 {
            writeln!(text, "{zeros}{n}55,https://cdn.example.com/{n}.jpg,pan").unwrap();
        }
        text
    };
    world.write("sheet.csv", rows("00"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", rows(""));
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    assert_eq!(orders(&server), 12);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{}", run.stderr);
    for words in [
        "sheet.csv:2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more lines: ",
        "as if a spreadsheet program had turned them into numbers",
        "creativeai rename --from-manifest sheet.csv",
    ] {
        assert!(lines[0].contains(words), "{words}: {}", lines[0]);
    }
    assert_eq!(run.json()["held"].as_array().unwrap().len(), 12);
}

#[test]
fn an_edited_row_says_what_its_older_order_costs() {
    for (outcome, words) in [
        ("failed", "the older order failed, and costs nothing"),
        ("pending", "the older order stands, and may be paid for"),
    ] {
        let server = Server::answering(move |request| {
            if request.method == "POST" {
                return Step::accept();
            }
            let id = request.path.rsplit('/').next().unwrap_or_default();
            Step::reply(200, format!("{{\"id\":\"{id}\",\"status\":\"{outcome}\"}}"))
        });
        let world = World::facing(&server);
        let row = |words: &str| format!("SKU-1,{PHOTO}|https://cdn.example.com/2.jpg,{words}\n");
        let sheet = |words: &str| format!("sku,image_url,video_prompt\n{}", row(words));
        let submit = ["submit", "sheet.csv", "--split-images"];
        world.write("sheet.csv", sheet("Pan"));
        world.run(&submit).expect(0);
        world.run(&["reconcile"]);
        world.write("sheet.csv", sheet("Pan slowly"));
        let held = world.run(&submit).expect(3);
        for words in [words, "sheet.csv:2: what was ordered"] {
            assert!(held.stderr.contains(words), "{words}: {}", held.stderr);
        }
    }
}

#[cfg(unix)]
#[test]
fn an_id_that_begins_like_an_option_is_renamed_as_suggested() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let submit = ["submit", "sheet.csv", "--jobs", "june.jsonl"];
    world.write("sheet.csv", sheet(&[("-A", PHOTO, PAN)]));
    world.run(&submit).expect(0);
    world.write("sheet.csv", sheet(&[("--yes", PHOTO, PAN)]));
    let held = world.run(&submit).expect(3);
    let suggested = "rename --jobs june.jsonl -- -A --yes";
    assert!(held.stderr.contains(suggested), "{}", held.stderr);
    world.shell(&format!("\"$0\" {suggested}")).expect(0);
    world.run(&submit).expect(0);
    assert_eq!(orders(&server), 1);
}

// It types what is suggested into a shell.
#[cfg(unix)]
#[test]
fn a_suggested_rename_reads_the_sheet_as_submit_did() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let rows = |zeros: &str| -> Vec<u8> {
        let mut text = String::from("Nr;Bild;room\n");
        for n in 1..=12 {
            let photo = format!("https://cdn.example.com/{n}.jpg");
            writeln!(text, "{zeros}{n}55;{photo};caf\u{e9} {n}").unwrap();
        }
        // As Windows-1252.
        text.chars().map(|c| c as u8).collect()
    };
    let submit = [
        "submit",
        "sheet.csv",
        "--map",
        "sku=Nr",
        "--map",
        "image_url=Bild",
        "--prompt",
        "Pan the {room} slowly",
        "--encoding",
        "windows-1252",
        "--duration",
        "10s",
    ];
    world.write("sheet.csv", rows("00"));
    world.run(&submit).expect(0);
    world.write("sheet.csv", rows(""));
    let held = world.run(&submit).expect(3);
    let suggested = held.stderr.split("`creativeai ").nth(1);
    let suggested = suggested.and_then(|rest| rest.split('`').next()).unwrap();
    world.shell(&format!("\"$0\" {suggested} --yes")).expect(0);
    world.run(&submit).expect(0);
    assert_eq!(orders(&server), 12);
}

#[test]
fn an_adopted_row_counts_as_its_job_does() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            Step::accept()
        } else {
            failed(request)
        }
    });
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", sheet(&[("sku-1", PHOTO, PAN)]));
    let run = world.run(&[
        "submit",
        "sheet.csv",
        "--wait",
        "--interval",
        "1s",
        "--json",
    ]);
    assert_eq!(
        (run.code(), &run.json()["failed"]),
        (1, &1.into()),
        "{}",
        run.stderr
    );
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(1);
    assert_eq!(run.json()["failed"], 1);
    assert_eq!(orders(&server), 1);
}

#[test]
fn a_dismissed_jobs_edited_row_is_held() {
    for first in [Step::accept(), Step::reset().billed()] {
        let server = Server::scripted(vec![first]);
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
        world.run(&["submit", "sheet.csv"]);
        world.run(&["resolve", "SKU-1", "--dismiss"]).expect(0);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "Tilt")]));
        let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
        assert_eq!(run.json()["changed"], 1);
        assert_eq!(orders(&server), 1);
        world
            .run(&["submit", "sheet.csv", "--resubmit-changed"])
            .expect(0);
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 2);
    }
}

#[test]
fn a_row_set_back_to_a_wording_without_a_clip_is_ordered_or_held() {
    // A failed (or was refused); it was edited to B, which was refused (or accepted).
    for (a_failed, b_refused) in [(true, true), (true, false), (false, true)] {
        let server = Server::answering(move |request| match request.method.as_str() {
            "POST" if request.number == 0 && !a_failed => Step::reply(422, "no"),
            "POST" if request.number == 1 && b_refused => Step::reply(422, "no"),
            "POST" => Step::accept(),
            _ => failed(request),
        });
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "A")]));
        world.run(&["submit", "sheet.csv"]);
        world.run(&["reconcile"]);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "B")]));
        world.run(&["submit", "sheet.csv", "--resubmit-changed"]);
        assert_eq!(server.posts().len(), 2);

        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "A")]));
        let run = world.run(&["submit", "sheet.csv", "--json"]);
        if b_refused {
            assert_eq!(run.code(), 0, "{}", run.stderr);
            assert_eq!(run.json()["submitted"], 1);
        } else {
            assert_eq!(run.code(), 3, "{}", run.stderr);
            assert_eq!(run.json()["changed"], 1);
            world
                .run(&["submit", "sheet.csv", "--resubmit-changed"])
                .expect(0);
        }
        let posts = server.posts();
        assert_eq!(posts.len(), 3);
        assert_eq!(
            posts[2].idempotency_key()[..16],
            posts[0].idempotency_key()[..16]
        );
        assert!(posts[2].idempotency_key().ends_with(".2"));
        // Now it counts again, and the other one does not.
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(server.posts().len(), 3);
    }
}

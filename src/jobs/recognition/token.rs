//! Tells tokens in re-signed addresses from names and stable ids.

/// Whether the last part of a path may be a token rather than a file's name: at random letters, capitals
/// and digits, a JSON web token, a time, or longer than any digest. What looks like a UUID or a digest is
/// an id, which stays.
pub(super) fn is_token(name: &str) -> bool {
    const SHORTEST: usize = 20;
    const LONGEST_DIGEST: usize = 64;
    let has = |is: fn(&u8) -> bool| name.bytes().any(|b| is(&b));
    // Words with numbers before or behind them: `IMG_20240512_LivingRoom2`.
    let mut words = name
        .split(['-', '_', '.', ' '])
        .map(|word| word.trim_matches(|c: char| c.is_ascii_digit()));
    let is_random = name.len() >= SHORTEST
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && !words.all(|word| word.chars().all(char::is_alphabetic) && has_case_of_words(word));
    let is_time = matches!(name.len(), 10 | 13)
        && name.bytes().all(|b| b.is_ascii_digit())
        && ("14".."22").contains(&&name[..2]);
    let is_web_token = name.starts_with("eyJ") && name.matches('.').count() == 2;
    let is_long_digest = is_hexadecimal(name) && name.len() > LONGEST_DIGEST;
    let is_plain_token = is_random && !is_hexadecimal(name) && !has_extension(name);
    is_plain_token || is_time || is_web_token || is_long_digest
}

/// Whether a text may be a digest. It is one of something that stays, or a signature.
pub(super) fn is_digest(text: &str) -> bool {
    const SHORTEST: usize = 16;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() >= SHORTEST && is_hexadecimal(text) && !is_number
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a name ends as that of a file with a picture does.
pub(super) fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        const PAGES: [&str; 7] = ["php", "aspx", "ashx", "asp", "jsp", "cgi", "html"];
        !stem.is_empty()
            && (2..=5).contains(&extension.len())
            && extension.bytes().all(|b| b.is_ascii_alphanumeric())
            && !PAGES
                .iter()
                .any(|page| extension.eq_ignore_ascii_case(page))
    })
}

/// Whether a folder's name is words, short numbers or both (`house-12`, `2026-06`, `LST4202`), and no
/// token. A number alone may be a server's, which another signature brings, but for a year.
pub(super) fn is_word(folder: &str) -> bool {
    const LONGEST: usize = 40;
    const SHORTEST_HASH: usize = 8;
    let is_hash = folder.len() >= SHORTEST_HASH && is_hexadecimal(folder);
    let is_number = folder.bytes().all(|b| b.is_ascii_digit());
    let is_year = folder.len() == 4 && ["19", "20"].iter().any(|c| folder.starts_with(c));
    (!is_number || is_year)
        && folder.len() <= LONGEST
        && !is_hash
        && folder.split(['-', '_', ' ']).all(is_word_or_number)
}

/// Letters, a short number, or letters with one behind them.
fn is_word_or_number(part: &str) -> bool {
    const MOST_DIGITS: usize = 6;
    const FEWEST_LETTERS: usize = 2;
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = part.len() - letters.len();
    let may_have_digits = letters.is_empty() || letters.chars().count() >= FEWEST_LETTERS;
    letters.chars().all(char::is_alphabetic)
        && has_case_of_words(letters)
        && (digits == 0 || (digits <= MOST_DIGITS && may_have_digits))
}

/// Whether capitals begin words (`LivingRoom`), or all letters are of one case.
fn has_case_of_words(name: &str) -> bool {
    const SHORTEST: usize = 2;
    let is_mixed = name.chars().any(char::is_uppercase) && name.chars().any(char::is_lowercase);
    // Each capital has so many small letters behind it, and so have those before the first.
    let mut words = name.split(char::is_uppercase);
    let first = words.next().unwrap_or_default();
    let is_long = |word: &str| word.chars().count() >= SHORTEST;
    !is_mixed || ((first.is_empty() || is_long(first)) && words.all(is_long))
}

//! Words that spreadsheet programs and people leave in place of a value. Further ones go in here.

use std::borrow::Cow;

/// What a cell is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) enum Purpose {
    /// Names the row's owner.
    Id,
    /// The photo's or the webhook's address.
    Address,
    /// A prompt, or words to be spoken.
    Words,
    /// Part of a prompt, filled into it.
    Filling,
    /// One of the clip's settings: model, length, shape, voice, variant.
    Setting,
}

/// What is odd about a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct Oddity {
    pub message: Cow<'static, str>,
    pub help: Cow<'static, str>,
}

impl Oddity {
    pub fn new(message: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Quotes of text programs.
pub(in crate::manifest) const CURLY_QUOTES: [char; 3] = ['“', '”', '„'];
/// What to do about them.
pub(in crate::manifest) const USE_STRAIGHT_QUOTES: &str = "replace them with straight quotes (\") in the \
                                     whole file";

/// Why a spreadsheet program shows an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellError {
    NotFound,
    Reference,
    Name,
    Value,
    Division,
    Null,
    Number,
    Spill,
    Loading,
    Other,
}

impl CellError {
    /// What happened, as the beginning of a sentence.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::NotFound => "a lookup found nothing",
            Self::Reference => "the cells that a formula used are gone",
            Self::Name => "a formula names a function or a range that does not exist",
            Self::Value => "a formula was given the wrong kind of value",
            Self::Division => "a formula divides by zero or by an empty cell",
            Self::Null => "a formula's ranges have no cell in common",
            Self::Number => "a formula's number is out of range",
            Self::Spill => "a formula had no room for its results",
            Self::Loading => "the program was still fetching the value",
            Self::Other => "a formula failed",
        }
    }
}

/// Errors as they are shown, blanks between them, in the languages of Excel, Sheets and `LibreOffice`.
const ERRORS: [(CellError, &str); 10] = [
    (
        CellError::NotFound,
        "#N/A #N/A! #NA #N/D #N/D! #NV #N/B #I/T #Н/Д #HIÁNYZIK #YOK #SAKNAS! #PUUTTUU! #N.V. \
         #NENÍ_K_DISPOZICI",
    ),
    (
        CellError::Reference,
        "#REF! #REF #BEZUG! #¡REF! #RIF! #VERW! #ADR! #ССЫЛКА! #REFERENS! #BAŞV! #HIV! \
         #VIITTAUS! #ODKAZ! #REFERENCE!",
    ),
    (
        CellError::Name,
        "#NAME? #NAME #NOM? #¿NOMBRE? #NOME? #NAAM? #NAVN? #NAMN? #NAZWA? #NÁZEV? #NÉV? #AD? \
         #ИМЯ? #NIMI?",
    ),
    (
        CellError::Value,
        "#VALUE! #VALUE #WERT! #VALEUR! #¡VALOR! #VALORE! #VALOR! #WAARDE! #VÆRDI! #VERDI! \
         #VÄRDEFEL! #ARG! #HODNOTA! #ÉRTÉK! #DEĞER! #ЗНАЧ! #ARVO!",
    ),
    (
        CellError::Division,
        "#DIV/0! #DIV/0 #¡DIV/0! #DEEL/0! #DELING/0! #DIVISION/0! #DZIEL/0! #ДЕЛ/0! \
         #DĚLENÍ_NULOU! #ZÉRÓOSZTÓ! #SAYI/0! #JAKO/0!",
    ),
    (
        CellError::Null,
        "#NULL! #NUL! #¡NULO! #NULO! #NULLO! #LEEG! #SKÄRNING! #ПУСТО! #BOŞ! #TYHJÄ! #NULLA! \
         #ZERO!",
    ),
    (
        CellError::Number,
        "#NUM! #NUM #ZAHL! #NOMBRE! #¡NUM! #NÚM! #GETAL! #OGILTIGT! #LICZBA! #ЧИСЛО! #SAYI! \
         #SZÁM! #LUKU! #NUMMER! #ČÍSLO!",
    ),
    (
        CellError::Spill,
        "#SPILL! #ÜBERLAUF! #PROPAGATION! #DESBORDAMIENTO! #¡DESBORDAMIENTO! #ESPANSIONE! \
         #OVERLOOP! #DESPEJAR! #EXPANDERA!",
    ),
    (
        CellError::Loading,
        "#GETTING_DATA #BUSY! #CONNECT! #DATEN_ABRUFEN #LOADING!",
    ),
    (
        CellError::Other,
        "#ERROR! #CALC! #KALK! #¡CALC! #FIELD! #FELD! #CHAMP! #BLOCKED! #UNKNOWN! #EXTERNAL! \
         #PYTHON! #TIMEOUT! #ERR! #CYCLE! #FEHLER! #ERREUR! #¡ERROR!",
    ),
];

/// Words before the number of an error, as in `Err:502`.
pub(super) const NUMBERED_ERRORS: [&str; 5] = ["Err", "Fehler", "Erreur", "Fout", "Fel"];

/// The error that `text` is as a whole.
pub(super) fn error_named(text: &str) -> Option<CellError> {
    if !text.starts_with('#') {
        return None;
    }
    let known = |(error, texts): &(CellError, &str)| {
        let same = texts.split(' ').any(|known| known == text);
        same.then_some(*error)
    };
    let other = || looks_like_error(text).then_some(CellError::Other);
    ERRORS.iter().find_map(known).or_else(other)
}

/// Whether `text` has the shape of an error, in whatever language: `#OVERFLOW!`.
fn looks_like_error(text: &str) -> bool {
    let Some(name) = text
        .strip_prefix('#')
        .and_then(|rest| rest.strip_suffix(['!', '?']))
    else {
        return false;
    };
    let in_name = |c: char| (c.is_alphabetic() && !c.is_lowercase()) || "/0_.¡¿".contains(c);
    (2..=30).contains(&name.chars().count())
        && name.chars().all(in_name)
        && name.chars().any(char::is_alphabetic)
}

/// An error within a text. What could be a hash tag is an error only as a whole.
pub(super) fn error_within(text: &str) -> Option<CellError> {
    memchr::memchr_iter(b'#', text.as_bytes()).find_map(|at| {
        let rest = &text[at..];
        let begins = |known: &str| {
            rest.strip_prefix(known).is_some_and(|after| {
                known == "#N/A" && !after.starts_with(char::is_alphanumeric)
                    || known.len() > 4 && known.ends_with(['!', '?'])
            })
        };
        let known = |(error, texts): &(CellError, &str)| {
            let within = texts.split(' ').any(begins);
            within.then_some(*error)
        };
        ERRORS.iter().find_map(known)
    })
}

/// What programs show until a value is there, without the dots.
const LOADING: [&str; 10] = [
    "loading",
    "laden",
    "wird geladen",
    "chargement",
    "cargando",
    "caricamento",
    "carregando",
    "fetching",
    "calculating",
    "загрузка",
];

/// Whether `text` says that the value is not there yet.
pub(super) fn is_loading(text: &str) -> bool {
    let Some(word) = text.strip_suffix("...").or_else(|| text.strip_suffix('…')) else {
        return false;
    };
    LOADING.contains(&word.trim_end().to_lowercase().as_str())
}

/// What stands for a truth, in capitals as programs write it. `True` is Python's.
#[rustfmt::skip]
const BOOLEANS: [&str; 20] = [
    "TRUE", "FALSE", "True", "False", "true", "false", "WAHR", "FALSCH", "VRAI", "FAUX",
    "VERDADERO", "FALSO", "VERO", "VERDADEIRO", "WAAR", "ONWAAR", "SANT", "FALSKT", "ИСТИНА",
    "ЛОЖЬ",
];

/// Whether `text` is a truth value.
pub(super) fn is_boolean(text: &str) -> bool {
    BOOLEANS.contains(&text)
}

/// What people and programs write where there is nothing, in lower case.
#[rustfmt::skip]
const NOTHING: [&str; 34] = [
    "-", "--", "---", "\u{2013}", "\u{2014}", ".", "..", "...", "\u{2026}", "?", "??", "???",
    "tbd", "tba", "tbc", "todo", "to do", "null", "(null)", "<null>", "\\n", "nil", "none", "n/a",
    "na", "n.a.", "undefined", "nan", "[object object]", "(blank)", "(empty)", "placeholder",
    "lorem ipsum", "xxx",
];

/// Whether `text` says that there is no value.
pub(in crate::manifest) fn is_nothing(text: &str) -> bool {
    text.len() <= 15
        && NOTHING
            .iter()
            .any(|word| word.len() == text.len() && word.eq_ignore_ascii_case(text))
}

/// What letters of UTF-8 look like when they are read as windows-1252: `Ã©` for `é`.
#[rustfmt::skip]
const MISREAD: [&str; 22] = [
    "â€™", "â€œ", "â€\u{9d}", "â€“", "â€”", "â€¦", "â€˜", "Ã©", "Ã¨", "Ã¼", "Ã¶", "Ã¤", "Ã±", "Ã§",
    "Ã¡", "Ã³", "Ã\u{ad}", "Ã\u{9f}", "Ãª", "Ã´", "Ã¢", "ï»¿",
];

/// Whether letters of `text` were read in the wrong encoding. Most texts hold no letter that one of
/// the known wrong ones begins with.
pub(super) fn is_misread(text: &str) -> bool {
    const FIRST: [char; 3] = ['\u{c3}', '\u{e2}', '\u{ef}'];
    // In UTF-8 all three begin with this byte.
    const LEAD: u8 = 0xc3;
    memchr::memchr_iter(LEAD, text.as_bytes()).any(|at| {
        let rest = &text[at..];
        rest.starts_with(FIRST) && MISREAD.iter().any(|wrong| rest.starts_with(wrong))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_read_wrongly_are_found_wherever_they_stand() {
        for wrong in MISREAD {
            for text in [
                wrong.to_owned(),
                format!("é {wrong} ñ"),
                format!("Ã{wrong}"),
            ] {
                assert!(is_misread(&text), "{text}");
            }
        }
        for whole in ["", "café, naïve, âge", "São Paulo, Ãngela", "東京", "5 €"] {
            assert!(!is_misread(whole), "{whole}");
        }
    }
}

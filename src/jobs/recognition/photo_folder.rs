//! The location of a photo, and whether one of its addresses may be another one, regenerated.

use std::borrow::Cow;

use super::hash::hash_of;
use super::photo::PhotoAddress;

/// Folders that are compared one by one, those next to the file. The ones above count together.
const FOLDERS: usize = 7;
/// No folder.
const NONE: u32 = 0;
/// A folder whose name is regenerated.
const TOKEN: u32 = 1;

/// Hashes of the server's name and of the folders on the way to the file, the last one first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PhotoFolder {
    host: u32,
    folders: [u32; FOLDERS],
}

impl PhotoFolder {
    /// Where a photo is.
    pub fn of(photo: &PhotoAddress) -> Self {
        let folder = |name: &str| match name {
            "" => TOKEN,
            word => word_hash(word),
        };
        let mut folders = [NONE; FOLDERS];
        let names = photo.folders.as_slice();
        let (above, near) = match names.len().checked_sub(FOLDERS) {
            None | Some(0) => (&[][..], names),
            Some(more) => names.split_at(more + 1),
        };
        for (place, name) in folders.iter_mut().zip(near.iter().rev()) {
            *place = folder(name);
        }
        if !above.is_empty() {
            folders[FOLDERS - 1] = folder(&above.concat());
        }
        Self {
            host: hash_of(&photo.host) as u32,
            folders,
        }
    }

    /// The counterpart for a voice: different settings never count as regenerated ones.
    pub fn of_settings(settings: &[Cow<'_, str>; 3], variant: &str) -> Self {
        let mut folders = [NONE; FOLDERS];
        folders[0] = word_hash((settings, variant));
        Self {
            folders,
            ..Self::default()
        }
    }

    /// Whether an address here may be one there, regenerated: on another server, with a token in place
    /// of a folder, or with more or fewer tokens on the way.
    pub fn may_be(&self, there: &Self) -> bool {
        let both = || self.folders.iter().zip(&there.folders);
        let is_none = |folder: u32| folder == NONE;
        let fits = |(&a, &b): (&u32, &u32)| {
            a == b || (!is_none(a) && !is_none(b) && (a == TOKEN || b == TOKEN))
        };
        self.host != there.host || both().all(fits) || self.has_same_folders(there)
    }

    /// Whether the folders are the same, tokens aside.
    pub fn has_same_folders(&self, there: &Self) -> bool {
        self.words().eq(there.words())
    }

    fn words(&self) -> impl Iterator<Item = u32> {
        self.folders.into_iter().filter(|&folder| folder > TOKEN)
    }

    /// How many folders are the same, each at its place before the file.
    pub fn common_folders(&self, there: &Self) -> usize {
        let both = self.folders.iter().zip(&there.folders);
        both.filter(|(a, b)| a == b && **a > TOKEN).count()
    }
}

fn word_hash(word: impl std::hash::Hash) -> u32 {
    (hash_of(word) as u32).max(TOKEN + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_be(one: &str, other: &str) -> bool {
        let place = |folders: &str| {
            PhotoFolder::of(&PhotoAddress::of(&format!(
                "https://x.example/{folders}/k.jpg"
            )))
        };
        let (one, other) = (place(one), place(other));
        assert_eq!(one.may_be(&other), other.may_be(&one));
        one.may_be(&other)
    }

    #[test]
    fn an_address_made_anew_differs_in_tokens_only() {
        for (one, other) in [
            ("rooms", "rooms"),
            ("t/AbCdEfGh", "t/IjKlMnOp"),
            ("00ff00ff", "cfbbdcda"),
            ("p", "zz81hd8e"),
            ("p", "P"),
            ("Rooms/kitchen", "rooms/Kitchen"),
            ("rooms", "rooms/77c1"),
            ("v3/u/27/27/1732791234", "v3/u/28/28/1732798800"),
            (
                "550e8400-e29b-41d4-a716-446655440000",
                "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            ),
            ("a8f2/rooms", "rooms"),
            ("a8f2/rooms/x/y/z/t/u/v/w", "77c1/rooms/x/y/z/t/u/v/w"),
        ] {
            assert!(may_be(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_folder_with_another_plain_name_is_elsewhere() {
        for (one, other) in [
            ("kitchen", "bath"),
            ("staging", "live"),
            ("photos", "photos/final"),
            ("LivingRoom", "DiningRoom"),
            ("photos", "77c1/final"),
            ("house-a/rooms", "house-b/rooms"),
            ("house-12", "house-14"),
            ("2026-06", "2026-07"),
            ("uploads/2025/11", "uploads/2026/03"),
            ("12-main-street", "98-oak-avenue"),
            ("LST4202", "LST4203"),
            ("a/rooms/x/y/z/t/u/v/w", "b/rooms/x/y/z/t/u/v/w"),
        ] {
            assert!(!may_be(one, other), "{one} {other}");
        }
    }

    /// Names that share the lower half of a hash of 32 bits, as some of a few hundred do.
    #[test]
    fn folders_are_not_confused_by_half_a_hash() {
        let low = |name: &str| hash_of(name) as u16;
        let letters = || 'a'..='z';
        let names = letters().flat_map(|a| letters().map(move |b| (a, b)));
        let names = names.flat_map(|(a, b)| letters().map(move |c| format!("room{a}{b}{c}")));
        let mut seen = std::collections::HashMap::new();
        let mut pairs = 0;
        for name in names {
            if let Some(other) = seen.insert(low(&name), name.clone())
                && hash_of(&*name) as u32 != hash_of(&*other) as u32
            {
                pairs += 1;
                assert!(!may_be(&name, &other), "{name} {other}");
            }
        }
        assert!(pairs > 0);
    }
}

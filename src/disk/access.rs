//! Who else can read a file.

use std::io;
use std::path::Path;

/// Lets only the user (and on Windows the system and administrators, who can take any right) read
/// and change a file. On Unix a file is made with the right mode instead.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "on Windows it can fail")]
pub fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The accounts and groups that can read a file, besides those of [`make_private`], by name. On Unix
/// the mode shows it.
#[cfg(unix)]
pub fn other_readers(path: &Path) -> io::Result<Vec<String>> {
    use std::os::unix::fs::MetadataExt;
    let mode = std::fs::metadata(path)?.mode();
    let readers = [(0o040, "its group"), (0o004, "everyone on this computer")];
    let can_read = readers.into_iter().filter(|(bit, _)| mode & bit != 0);
    Ok(can_read.map(|(_, name)| name.to_owned()).collect())
}

#[cfg(windows)]
pub use acl::{make_private, other_readers};

#[cfg(windows)]
mod acl {
    use std::ffi::OsString;

    use windows_permissions::constants::{
        AccessRights, AceFlags, AceType, SeObjectType, SecurityInformation,
    };
    use windows_permissions::utilities::current_process_sid;
    use windows_permissions::wrappers::{
        GetNamedSecurityInfo, LookupAccountSid, SetNamedSecurityInfo,
    };
    use windows_permissions::{LocalBox, SecurityDescriptor, Sid};

    use super::{Path, io};

    const FILE: SeObjectType = SeObjectType::SE_FILE_OBJECT;
    /// The system, its administrators, and the file's owner.
    const TRUSTED: [&str; 3] = ["S-1-5-18", "S-1-5-32-544", "S-1-3-4"];

    /// See above.
    pub fn make_private(path: &Path) -> io::Result<()> {
        let user = current_process_sid()?;
        // A protected list, so that the folder's rules do not apply.
        let rules = format!("D:P(A;;FA;;;{user})(A;;FA;;;SY)(A;;FA;;;BA)");
        let rules: LocalBox<SecurityDescriptor> = rules.parse()?;
        let what = SecurityInformation::Dacl | SecurityInformation::ProtectedDacl;
        SetNamedSecurityInfo(path, FILE, what, None, None, rules.dacl(), None)
    }

    /// See above.
    pub fn other_readers(path: &Path) -> io::Result<Vec<String>> {
        let user = current_process_sid()?;
        let rules = GetNamedSecurityInfo(path, FILE, SecurityInformation::Dacl)?;
        // A file without a list, as on a memory card, is everyone's.
        let Some(list) = rules.dacl() else {
            return Ok(vec!["Everyone".to_owned()]);
        };
        let reading = AccessRights::Bit0 | AccessRights::GenericRead | AccessRights::GenericAll;
        let mut names = Vec::new();
        for rule in (0..list.len()).filter_map(|index| list.get_ace(index)) {
            let allows = rule.ace_type() == AceType::ACCESS_ALLOWED_ACE_TYPE
                && !rule.flags().contains(AceFlags::InheritOnly)
                && rule.mask().intersects(reading);
            let Some(who) = rule.sid().filter(|who| allows && **who != *user) else {
                continue;
            };
            let name = name_of(who);
            if !TRUSTED.contains(&who.to_string().as_str()) && !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn name_of(who: &Sid) -> String {
        let text = |part: OsString| part.to_string_lossy().into_owned();
        match LookupAccountSid(who).map(|(name, domain)| (text(name), text(domain))) {
            Ok((name, domain)) if domain.is_empty() => name,
            Ok((name, domain)) => format!("{domain}\\{name}"),
            Err(_) => who.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_has_no_other_readers_and_others_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "x").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert_eq!(other_readers(&path).unwrap(), ["its group"]);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        make_private(&path).unwrap();
        assert_eq!(other_readers(&path).unwrap(), Vec::<String>::new());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "x");
    }
}

//! What a folder holds, so that generated files can be compared before and after.

use std::collections::BTreeMap;
use std::path::Path;

use crate::shell::TaskError;

/// Every file of a folder by its name, with its bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Folder(BTreeMap<String, Vec<u8>>);

impl Folder {
    /// Reads the folder; one that does not exist is empty.
    pub(crate) fn read(path: &Path) -> Result<Folder, TaskError> {
        let mut folder = Folder::default();
        folder.collect(path, "")?;
        Ok(folder)
    }

    /// Returns the names of files that differ or are missing on either side.
    pub(crate) fn differing(&self, other: &Folder) -> Vec<String> {
        let names = self.0.keys().chain(other.0.keys());
        let differing = names.filter(|name| self.0.get(*name) != other.0.get(*name));
        let mut names: Vec<String> = differing.cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    fn collect(&mut self, path: &Path, prefix: &str) -> Result<(), TaskError> {
        let failed =
            |source| TaskError::File { path: path.display().to_string(), doing: "read", source };
        if !path.exists() {
            return Ok(());
        }
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.collect(&entry.path(), &format!("{name}/"))?;
            } else {
                self.0.insert(name, std::fs::read(entry.path()).map_err(failed)?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_lost_and_an_added_file_are_named() {
        let folder = |files: &[(&str, &str)]| {
            let named = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes()));
            Folder(named.map(|(name, bytes)| (name, bytes.to_vec())).collect())
        };
        let before = folder(&[("A.ts", "a"), ("B.ts", "b"), ("C.ts", "c")]);
        let after = folder(&[("A.ts", "a"), ("B.ts", "x"), ("D.ts", "d")]);
        assert_eq!(before.differing(&after), ["B.ts", "C.ts", "D.ts"]);
        assert!(before.differing(&before).is_empty(), "a folder equals itself");
    }
}

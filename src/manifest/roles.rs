//! Which header means what: what the user named, what a program's export is known for, and names
//! that are understood.

use super::{
    exports::KnownExport,
    field::{Field, map_option, nearest, normalized},
    options::Options,
    problem::{Problem, ProblemLocation, excerpt},
    template::TemplatePiece,
};

/// What one column turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Field(Field),
    Carried(String),
}

/// What a list of all columns begins with.
const LISTING: &str = "The columns here are: ";

impl Problem {
    pub(super) fn lists_columns(&self) -> bool {
        self.help.as_deref().is_some_and(|h| h.contains(LISTING))
    }
}

/// Gives columns their roles, and collects what is wrong with the header.
pub(super) struct Roles<'a> {
    pub place: ProblemLocation<'a>,
    pub by_column: Vec<Option<Role>>,
    pub problems: Vec<Problem>,
}

impl Roles<'_> {
    /// Gives the columns that the user named their role.
    pub fn apply_map(&mut self, map: &[(String, String)]) {
        for (name, header) in map {
            let found = self.columns_named(header);
            let &[column] = found.as_slice() else {
                self.problems.push(self.unmappable(name, header, &found));
                continue;
            };
            if self.by_column[column].is_some() {
                self.problems.push(self.place.column(
                    column,
                    "--map gives this column two meanings",
                    "name each column once",
                ));
                continue;
            }
            let role = Field::of(name).map_or_else(|| Role::Carried(name.clone()), Role::Field);
            self.by_column[column] = Some(role);
        }
    }

    /// The same for what the settings file says, as far as it fits this file.
    pub fn apply_usual_map(&mut self, map: &[(String, String)]) {
        for (name, header) in map {
            let role = Field::of(name).map_or_else(|| Role::Carried(name.clone()), Role::Field);
            let is_mapped = self.by_column.iter().flatten().any(|known| *known == role);
            let mut headers = self.place.headers.iter();
            let is_named =
                headers.any(|own| Field::of(own).is_some_and(|f| role == Role::Field(f)));
            if let [column] = *self.columns_named(header)
                && self.by_column[column].is_none()
                && !is_mapped
                && !is_named
            {
                self.by_column[column] = Some(role);
            }
        }
    }

    /// Gives columns their role that is known from a program's export, where nothing else is given.
    pub fn apply_export(&mut self) -> Option<KnownExport> {
        let is_id = |field| matches!(field, Field::Sku | Field::ListingId);
        let is_named = |field| {
            let mapped = self.fields().map(|(_, field)| field);
            let unmapped = self.by_column.iter().zip(self.place.headers);
            let own = unmapped
                .filter(|(role, _)| role.is_none())
                .filter_map(|(_, header)| Field::of(header));
            mapped
                .chain(own)
                .any(|named| named == field || is_id(named) && is_id(field))
        };
        let known = KnownExport::of(self.place.headers)?.without(is_named);
        for &(field, column) in &known.columns {
            self.by_column[column] = Some(Role::Field(field));
        }
        Some(known)
    }

    /// The prompt's parts in this file, where a prompt was typed.
    pub fn template(&mut self, options: &Options) -> Option<Vec<TemplatePiece>> {
        match options.prompt.as_ref()?.resolve(self.place.headers) {
            Ok(pieces) => Some(pieces),
            Err((name, near)) => {
                let help = match near {
                    Some(near) => format!("did you mean {{{}}}?", excerpt(&near)),
                    None => format!("{}.", self.all_headers()),
                };
                let message = format!(
                    "the prompt asks for {{{}}}, and no column is called that",
                    excerpt(&name)
                );
                self.problems.push(self.place.row(
                    message,
                    format!(
                        "{help} A text for all rows goes after a |: {{{}|text}}",
                        excerpt(&name)
                    ),
                ));
                None
            }
        }
    }

    fn columns_named(&self, header: &str) -> Vec<usize> {
        let which = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let headers = self.place.headers.iter().enumerate();
            headers.filter(|(_, h)| same(h)).map(|(n, _)| n).collect()
        };
        let exact = which(&|h| h == header.trim());
        if exact.is_empty() {
            which(&|h| normalized(h) == normalized(header))
        } else {
            exact
        }
    }

    fn unmappable(&self, name: &str, header: &str, found: &[usize]) -> Problem {
        if let Some(&second) = found.get(1) {
            return self.place.column(
                second,
                format!(
                    "column {} has the same header, so --map cannot distinguish them",
                    found[0] + 1
                ),
                "rename one of them in the file",
            );
        }
        let help = match nearest(header, self.place.headers.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {}?", map_option(name, near)),
            None => self.all_headers(),
        };
        let message = format!("--map {name}={header}: cannot find the column {header:?}");
        self.place.row(message, help)
    }

    /// Gives the other columns theirs.
    pub fn recognize(&mut self) {
        let mapped: Vec<Field> = self.fields().map(|(_, field)| field).collect();
        for (column, header) in self.place.headers.iter().enumerate() {
            if self.by_column[column].is_none() && !header.is_empty() {
                let field = Field::of(header).filter(|field| !mapped.contains(field));
                let role = field.map_or_else(|| Role::Carried(header.clone()), Role::Field);
                self.by_column[column] = Some(role);
            }
        }
    }

    pub fn fields(&self) -> impl Iterator<Item = (usize, Field)> + '_ {
        let roles = self.by_column.iter().enumerate();
        roles.filter_map(|(column, role)| match role {
            Some(Role::Field(field)) => Some((column, *field)),
            _ => None,
        })
    }

    pub fn all_headers(&self) -> String {
        let shown: Vec<String> = self
            .place
            .headers
            .iter()
            .take(20)
            .map(|h| excerpt(h))
            .collect();
        format!("{LISTING}{}", shown.join(", "))
    }
}

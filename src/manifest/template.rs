//! `--prompt`: a prompt made of a row's cells, `Slow pan through the {room}, {light|warm light}`.

use super::field::{nearest, normalized};

/// A template, read but not yet matched with a file's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<TemplatePart>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum TemplatePart {
    Text(String),
    /// The names of columns of which the first that is filled counts, and what stands in for all.
    Placeholder {
        columns: Vec<String>,
        fallback: Option<String>,
    },
}

/// A part of a prompt, for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TemplatePiece {
    Text(String),
    /// The first of these columns (counted from 0) that is filled, else `fallback`.
    Cell {
        name: String,
        columns: Vec<usize>,
        fallback: Option<String>,
    },
}

impl Template {
    /// Reads a template. The error says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err("write what should happen in the clip".to_owned());
        }
        while let Some(open) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(open);
            if !before.is_empty() {
                parts.push(TemplatePart::Text(before.to_owned()));
            }
            let inside = from
                .strip_prefix('{')
                .and_then(|from| from.split_once('}'))
                .filter(|(inside, _)| !inside.contains('{') && !inside.trim().is_empty());
            let Some((inside, after)) = inside else {
                return Err("write a column's name between { and }, such as {room} or \
                            {light|warm light}"
                    .to_owned());
            };
            parts.push(placeholder(inside));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(TemplatePart::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Finds the template's columns among `headers`, in the order of the file. The error is the
    /// placeholder that has neither a column nor a fallback, and the header it may mean.
    pub(super) fn resolve(
        &self,
        headers: &[String],
    ) -> Result<Vec<TemplatePiece>, (String, Option<String>)> {
        let column = |name: &String| {
            let same = normalized(name);
            headers.iter().position(|header| normalized(header) == same)
        };
        let piece = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => Ok(TemplatePiece::Text(text.clone())),
            TemplatePart::Placeholder { columns, fallback } => {
                let name = columns.join("|");
                let found: Vec<usize> = columns.iter().filter_map(column).collect();
                if found.is_empty() && fallback.is_none() {
                    let near = nearest(&name, headers.iter().map(String::as_str));
                    return Err((name, near.map(str::to_owned)));
                }
                Ok(TemplatePiece::Cell {
                    name,
                    columns: found,
                    fallback: fallback.clone(),
                })
            }
        };
        self.0.iter().map(piece).collect()
    }

    /// Placeholders none of whose columns are among `headers`, so that their fallback stands in for
    /// them in every row.
    pub(super) fn without_column<'t>(
        &'t self,
        headers: &'t [String],
    ) -> impl Iterator<Item = &'t str> {
        let is_header = |name: &String| {
            let same = normalized(name);
            headers.iter().any(|header| normalized(header) == same)
        };
        self.0.iter().filter_map(move |part| match part {
            TemplatePart::Placeholder { columns, .. } if !columns.iter().any(is_header) => {
                columns.first().map(String::as_str)
            }
            _ => None,
        })
    }
}

/// `room`, `light|warm light`, `detail|room|the room`: what follows the last bar is not a column.
fn placeholder(inside: &str) -> TemplatePart {
    let trimmed = |name: &str| name.trim().to_owned();
    match inside.rsplit_once('|') {
        Some((names, fallback)) => TemplatePart::Placeholder {
            columns: names.split('|').map(trimmed).collect(),
            fallback: Some(trimmed(fallback)),
        },
        None => TemplatePart::Placeholder {
            columns: vec![trimmed(inside)],
            fallback: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_find_their_columns() {
        let headers = ["sku", "Room Name", "light"].map(str::to_owned);
        let template = Template::parse("Pan {room_name}, {mood|Light|warm light}.").unwrap();
        let pieces = template.resolve(&headers).unwrap();
        let cell = |name: &str, columns: &[usize], fallback: Option<&str>| TemplatePiece::Cell {
            name: name.to_owned(),
            columns: columns.to_vec(),
            fallback: fallback.map(str::to_owned),
        };
        let expected = [
            TemplatePiece::Text("Pan ".to_owned()),
            cell("room_name", &[1], None),
            TemplatePiece::Text(", ".to_owned()),
            cell("mood|Light", &[2], Some("warm light")),
            TemplatePiece::Text(".".to_owned()),
        ];
        assert_eq!(pieces, expected);
        let wrong = Template::parse("Pan {room}").unwrap().resolve(&headers);
        assert_eq!(
            wrong,
            Err(("room".to_owned(), Some("Room Name".to_owned())))
        );
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in [
            "", "  ", "Pan {", "Pan }", "Pan {}", "Pan { }", "{a{b}}", "{a",
        ] {
            assert!(Template::parse(text).is_err(), "{text:?}");
        }
        assert!(Template::parse("Pan slowly").is_ok());
    }
}

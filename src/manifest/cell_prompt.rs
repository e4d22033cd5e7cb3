//! The prompt of a row: its own, or one that is made of its cells.

use super::{
    cells::{Cells, MAX_CELL},
    columns::Columns,
    odd::{self, Purpose, placeholder_in, trimmed},
    problem::excerpt,
    template::Piece,
};

/// A prompt that was typed, without the space around it; else why it is not sent: a sheet's cell with
/// that text would not be, either.
pub fn check_prompt(text: &str) -> Result<&str, String> {
    let prompt = trimmed(text);
    if prompt.is_empty() {
        return Err("the prompt is empty".to_owned());
    }
    if prompt.len() > MAX_CELL {
        return Err(format!(
            "the prompt is {} bytes long, the most is {MAX_CELL}",
            prompt.len()
        ));
    }
    if let Some(oddity) = odd::find(prompt, Purpose::Words) {
        return Err(format!("{}; {}", oddity.message, oddity.help));
    }
    match placeholder_in(prompt) {
        Some(placeholder) => Err(format!("nothing was filled into {}", excerpt(placeholder))),
        None => Ok(prompt),
    }
}

impl Cells<'_> {
    /// The prompt of the row, or one that is made of its cells.
    pub fn prompt(&mut self, column: Option<usize>, columns: &Columns) -> String {
        let own = self.optional(column);
        match (&columns.template, column) {
            (Some(template), _) if own.is_empty() => self.filled(template),
            (_, Some(column)) => self.words(column, "prompt").to_owned(),
            (_, None) => String::new(),
        }
    }

    /// A prompt made of the row's cells.
    fn filled(&mut self, template: &[Piece]) -> String {
        let mut prompt = String::new();
        let mut last = None;
        for piece in template {
            let (name, columns, fallback) = match piece {
                Piece::Text(text) => {
                    prompt.push_str(text);
                    continue;
                }
                Piece::Cell {
                    name,
                    columns,
                    fallback,
                } => (name, columns, fallback),
            };
            let filled = columns
                .iter()
                .find(|column| !self.trimmed(**column).is_empty());
            match (filled, fallback) {
                (Some(&column), _) => {
                    let given = self.trimmed(column);
                    self.is_odd(column, given, Purpose::Filling);
                    self.has_placeholder(column, given);
                    last = Some(column);
                    prompt.push_str(given);
                }
                (None, Some(fallback)) => prompt.push_str(fallback),
                (None, None) => self.complain(
                    columns.first().copied().unwrap_or_default(),
                    format!("the prompt asks for {{{name}}}, and this cell is empty"),
                    format!(
                        "fill it in, or give the prompt a text for empty cells: {{{name}|text}}"
                    ),
                ),
            }
        }
        if let Some(column) = last
            && prompt.len() > MAX_CELL
        {
            self.complain(
                column,
                format!("with this cell the prompt is longer than {MAX_CELL} bytes"),
                "shorten it",
            );
        }
        prompt.trim().to_owned()
    }
}

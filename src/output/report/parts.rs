//! A report of very many clips: pages, and one in front that opens at once.

use std::io;

use super::options::{PagePaths, ReportOptions};
use super::page::{Contents, Link, Page, PageLinks, Pages, ReportSection};
use crate::output::tally::Tally;
use crate::text::shorten;

/// Clips on one of several pages, about; listings are kept whole up to this size.
pub(super) const PART: usize = 1_000;
/// Listings that need a person and are named on the page in front.
const MOST_NAMED: usize = 60;

/// Writes the pages.
pub(super) fn write_parts(
    sections: Vec<ReportSection>,
    options: &ReportOptions,
    split: &PagePaths,
    pages: &mut dyn Pages,
) -> io::Result<Contents> {
    let parts = divided(sections);
    let count = parts.len();
    let mut contents = Contents {
        attention: Vec::new(),
        more: 0,
        parts: Vec::new(),
    };
    for (n, sections) in parts.into_iter().enumerate() {
        let name = file_name(n);
        let address = format!("{}/{name}", split.folder);
        note_attention(&mut contents, &sections, &address);
        let tally = sections.iter().fold(Tally::default(), |mut all, section| {
            for card in &section.cards {
                all.add(&card.state);
            }
            all
        });
        let label = label_of(&sections);
        contents.parts.push(Link {
            address,
            label: label.clone(),
            progress: tally.progress(),
            needs_attention: sections.iter().any(ReportSection::needs_attention),
        });
        let page = Page {
            part: Some(PageLinks {
                front: &split.front,
                label,
                previous: n.checked_sub(1).map(file_name),
                next: (n + 1 < count).then(|| file_name(n + 1)),
            }),
            sections,
            ..Page::of(&tally, options)
        };
        pages.write(Some(&name), &page)?;
    }
    Ok(contents)
}

fn file_name(n: usize) -> String {
    format!("page-{:04}.html", n + 1)
}

/// The sections of each page.
fn divided(sections: Vec<ReportSection>) -> Vec<Vec<ReportSection>> {
    let mut parts: Vec<Vec<ReportSection>> = Vec::new();
    let mut clips = PART;
    for section in sections {
        if clips + section.cards.len() > PART {
            parts.push(Vec::new());
            clips = 0;
        }
        clips += section.cards.len();
        if let Some(part) = parts.last_mut() {
            part.push(section);
        }
    }
    parts
}

fn label_of(sections: &[ReportSection]) -> String {
    let item = |section: Option<&ReportSection>| {
        section.map_or_else(String::new, |section| {
            shorten(&section.item, 40).into_owned()
        })
    };
    let (first, last) = (item(sections.first()), item(sections.last()));
    if first == last {
        first
    } else {
        format!("{first} to {last}")
    }
}

fn note_attention(contents: &mut Contents, sections: &[ReportSection], address: &str) {
    for (n, section) in sections.iter().enumerate() {
        if !section.needs_attention() {
            continue;
        }
        if contents.attention.len() == MOST_NAMED {
            contents.more += 1;
            continue;
        }
        contents.attention.push(Link {
            address: format!("{address}#g{}", n + 1),
            label: section.item.clone(),
            progress: section.tally.progress(),
            needs_attention: true,
        });
    }
}

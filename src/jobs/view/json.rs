//! A job as one JSON object, `status --json`'s shape.

use serde_json::{Map, Value};

use super::{AttemptView, FieldMap, JobView};
use crate::jobs::attempt_state::AttemptState;
use crate::jobs::line::Line;
use crate::jobs::status::Status;

impl JobView {
    /// The job as one JSON object, `status --json`'s shape. The vendor's sample scripts' fields
    /// keep their names.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        let effective_number = self.state.effective().number;
        out.insert("job".into(), self.key().to_string().into());
        out.insert("attempt".into(), effective_number.into());
        out.insert("attempts".into(), self.attempts.len().into());
        out.insert("status".into(), self.state.status().as_str().into());
        if let Some((column, id)) = self.id() {
            out.insert(column.name().into(), id.into());
        }
        for name in ["variant", "line"] {
            if let Some(value) = self.fields.get(name) {
                out.insert(name.into(), value.clone());
            }
        }
        if let Some(photo) = self.new_photo() {
            out.insert("image_url".into(), photo.into());
        }
        for (name, value) in self.carried() {
            out.entry(name).or_insert_with(|| value.clone());
        }
        if let Some(attempt) = self.effective() {
            attempt.write_json(&mut out, self.state.effective().status());
        }
        self.write_flags(&mut out);
        Value::Object(out)
    }

    fn write_flags(&self, out: &mut Map<String, Value>) {
        if self.state.effective().is_temporary() {
            out.insert("temporary".into(), true.into());
        }
        if self.state.is_superseded() {
            let by = self
                .fields
                .get("by_job")
                .cloned()
                .unwrap_or(Value::Bool(true));
            out.insert("superseded".into(), by);
        }
        if self.renamed.iter().next().is_some() {
            out.insert("renamed".into(), facts(&self.renamed));
        }
        if self.state.is_dismissed() {
            out.insert("dismissed".into(), true.into());
        }
        if self.state.is_sandbox() {
            out.insert("sandbox".into(), true.into());
        }
        if self.state.is_newer() {
            out.insert("newer_version".into(), true.into());
        }
        let billed_twice: Vec<&str> = self
            .attempts
            .values()
            .filter(|a| a.ids.len() > 1)
            .flat_map(|a| a.ids.iter().map(String::as_str))
            .collect();
        if !billed_twice.is_empty() {
            // The figures of a single line would hide the other bill.
            if let Some(charged) = self.state.effective().charged() {
                out.remove("adjusted_credits");
                out.insert("credits".into(), serde_json::json!(charged));
            }
            out.insert("conflict".into(), "billed_twice".into());
            out.insert("generation_ids".into(), billed_twice.into());
        } else if self.state.attempts().any(AttemptState::has_two_ends) {
            out.insert("conflict".into(), "two_ends".into());
        }
    }
}

impl AttemptView {
    /// Of several ids, the one that its clip's address was reported for.
    fn id_of_link(&self) -> Option<&str> {
        let link = self.fields.source("output_url")?;
        let parts = (self.ids.len() > 1).then(|| Line::parts(link).ok())??;
        let id = parts.iter().find_map(|part| part.generation_id.as_ref())?;
        self.ids.get(id.as_str()).map(String::as_str)
    }

    fn write_json(&self, out: &mut Map<String, Value>, status: Status) {
        if let Some(id) = self.id_of_link().or_else(|| self.generation_id()) {
            out.insert("generation_id".into(), id.into());
        }
        for (name, value) in self.fields.iter() {
            let only_while_rendering = ["phase", "progress", "eta_seconds"].contains(&name);
            let hidden = matches!(
                name,
                "sandbox" | "generation_id" | "temporary" | "step" | "target" | "reference"
            ) || (only_while_rendering && !status.is_rendering())
                || (name == "error" && status.is_rendering())
                || (name == "error" && status == Status::Completed);
            if !hidden {
                out.entry(name).or_insert_with(|| value.clone());
            }
        }
        if let Some(request) = &self.request
            && let Ok(request) = serde_json::from_str(request.get())
        {
            out.insert("request".into(), request);
        }
        if self.downloaded.iter().next().is_some() {
            out.insert("downloaded".into(), facts(&self.downloaded));
        }
        if !self.published.is_empty() {
            out.insert(
                "published".into(),
                self.published.values().map(facts).collect(),
            );
        }
        if self.resolved.iter().next().is_some() {
            out.insert("resolved".into(), facts(&self.resolved));
        }
        if self.reviewed.iter().next().is_some() {
            out.insert("reviewed".into(), facts(&self.reviewed));
        }
    }
}

/// The fields of facts as one object.
fn facts(fields: &FieldMap) -> Value {
    let listed = fields.iter().filter(|(name, _)| *name != "sandbox");
    let listed = listed.map(|(name, value)| (name.to_owned(), value.clone()));
    Value::Object(listed.collect())
}

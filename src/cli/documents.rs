//! Documents on the command line: read from a file, made into the copy that is kept and sent, and shown. What may be
//! sent is in `document`. Called by `facts`, `answer`, `new` and `cases`.

use super::wording;
use crate::document::{self, Unusable};
use crate::domain::carrier::CarrierProfile;
use crate::domain::case::{Attachment, Case};
use crate::domain::document::{Limits, go_with_request};
use crate::domain::{decide, document as rules};
use crate::engine::EngineError;
use crate::store::Tx;
use anyhow::Context;
use std::io::{Read, Write};
use std::path::Path;

/// Longest name of a file, in characters, before its ending.
const NAME_CHARS_MAX: usize = 80;

/// A file that can be enclosed, as it is on the disk.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Its name without the ending, which follows from what it becomes.
    stem: String,
    /// The original; it is never stored.
    bytes: Vec<u8>,
    limits: Limits,
}

impl Document {
    /// Reads a file and looks at what it really is, to its end: a carrier gets no program and no half picture.
    pub(super) fn read(path: &Path, limits: Limits) -> Result<Self, String> {
        let shown = path.display();
        let fail = |e: std::io::Error| format!("{shown} cannot be read: {e}");
        // A pipe or a device could keep us waiting for ever.
        if !std::fs::metadata(path).map_err(fail)?.is_file() {
            return Err(format!("{shown} is no file"));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(fail)?;
        file.take(limits.size_max + 1).read_to_end(&mut bytes).map_err(fail)?;
        document::check(&bytes, &limits).map_err(|e| format!("{shown} {e}"))?;
        let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.chars().map(|c| if c.is_control() { '_' } else { c }).take(NAME_CHARS_MAX).collect();
        Ok(Self { stem, bytes, limits })
    }

    fn stored(&self, tx: &Tx<'_>, words: &str) -> Result<Attachment, EngineError> {
        // It was looked at when it was read.
        let again = |e: Unusable| EngineError::Rules(format!("{} {e}", wording::safe(&self.stem)));
        let copy = document::prepare(&self.bytes, &self.limits, words).map_err(again)?;
        Ok(Attachment {
            file_name: format!("{}.{}", self.stem, copy.extension),
            media_type: copy.media_type.to_owned(),
            digest: tx.put_document(&copy.bytes)?,
            size: copy.bytes.len() as u64,
        })
    }
}

/// Stores the copies of documents, with words across them.
pub(super) fn stored(tx: &Tx<'_>, documents: &[Document], words: &str) -> Result<Vec<Attachment>, EngineError> {
    documents.iter().map(|d| d.stored(tx, words)).collect()
}

/// Whether a carrier wants to see a document with the request.
pub(super) fn wanted_at_once(carrier: &CarrierProfile) -> bool {
    carrier.proof.id_document == crate::domain::carrier::IdDocument::WithRequest
}

/// What is said of documents that lie ready and are not enclosed with the mail that waits.
pub(super) fn kept_back(case: &Case, carrier: Option<&CarrierProfile>) -> Option<String> {
    let goes = carrier.is_none_or(go_with_request);
    let waiting = decide::awaiting_approval(case)?;
    if case.attachments.is_empty() || !waiting.attachments.is_empty() || goes {
        return None;
    }
    let names: Vec<String> = case.attachments.iter().map(|a| wording::safe(&a.file_name)).collect();
    Some(format!(
        "Kept ready, not enclosed: {} (sent only if {} asks for it, and when you have approved that)",
        names.join(", "),
        wording::safe(&case.carrier_name)
    ))
}

/// Refuses to keep copies whose words name another line than the case then has.
pub(super) fn still_fit(
    kept: &[Attachment],
    before: &crate::domain::identity::Line,
    after: &crate::domain::identity::Line,
) -> anyhow::Result<()> {
    if !kept.is_empty() && rules::number(before) != rules::number(after) {
        anyhow::bail!(
            "the words across {} name the former number; give the document again with --attach FILE, or leave it out with --no-attachments",
            kept.iter().map(|a| wording::safe(&a.file_name)).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// Writes the copies into a folder, for the holder to look at; nothing is overwritten.
pub(super) fn save(tx: &Tx<'_>, documents: &[Attachment], folder: &Path) -> anyhow::Result<Vec<String>> {
    crate::store::make_private_folder(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut written = Vec::new();
    for document in documents {
        let name = document.file_name.rsplit(['/', '\\']).next().unwrap_or_default();
        let path = folder.join(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        file.write_all(&tx.document(&document.digest)?)?;
        written.push(path.display().to_string());
    }
    Ok(written)
}

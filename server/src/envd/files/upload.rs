//! `POST /files`: files in a form, or one file as it is.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::write::GzDecoder;
use serde::Serialize;

use crate::access::Operation;
use crate::body;
use crate::envd::fault::Fault;
use crate::envd::files::form::Form;
use crate::envd::files::metadata;
use crate::envd::files::query::Target;
use crate::envd::folder;
use crate::envd::path::{name, parent, resolve};
use crate::envd::user::User;
use crate::lease::Lease;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Bytes that are kept before they are written. A file up to this size appears
/// as a whole or not at all.
const KEPT: usize = 1 << 20;

/// Compressed bytes that are unpacked at once: at the best ratio there is they
/// become about four megabytes.
const UNPACKED_AT_ONCE: usize = 4 << 10;

/// Files in one form.
const FILES: usize = 10_000;

/// A file that was written.
#[derive(Debug, Serialize)]
struct Written {
    path: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

/// `POST /files`
pub(crate) async fn write(
    State(shared): State<Shared>,
    Extension(lease): Extension<Arc<Lease>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let target = Target::new(&parts.uri, headers, &lease, Operation::Write)?;
    let notes = metadata::of(headers)?;
    let coding = Coding::of(headers)?;
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("application/octet-stream");
    let writing = Writing {
        lease: &lease,
        user: target.user,
        notes,
    };
    let written = if kind.starts_with("multipart/form-data") {
        if coding != Coding::Plain {
            return Err(Refusal::bad_request("a form is not taken compressed"));
        }
        writing.form(kind, body, &target).await?
    } else if kind.starts_with("application/octet-stream") {
        vec![writing.whole(&target, body, coding).await?]
    } else {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "files are multipart/form-data or application/octet-stream",
        ));
    };
    for file in &written {
        let size = lease.sandbox.files().stat(&file.path);
        shared
            .counters
            .uploaded_bytes
            .add(size.map_or(0, |stat| stat.size));
    }
    Ok(Json(written).into_response())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        match headers.get(CONTENT_ENCODING).map(|coding| coding.to_str()) {
            None | Some(Ok("identity" | "")) => Ok(Self::Plain),
            Some(Ok("gzip")) => Ok(Self::Gzip),
            Some(_) => Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a body is taken as it is or as gzip",
            )),
        }
    }
}

struct Writing<'l> {
    lease: &'l Lease,
    user: User,
    notes: BTreeMap<String, String>,
}

impl Writing<'_> {
    /// The body is the file.
    async fn whole(
        &self,
        target: &Target,
        mut body: Body,
        coding: Coding,
    ) -> Result<Written, Refusal> {
        let path = target.resolved()?;
        let mut file = Incoming::new(self.lease, &path, self.user)?;
        let mut unpacking = (coding == Coding::Gzip).then(|| GzDecoder::new(Vec::new()));
        while let Some(bytes) = file.check(body::next(&mut body).await)? {
            match &mut unpacking {
                None => file.take(&bytes)?,
                Some(decoder) => unpack(decoder, &bytes, &mut file)?,
            }
        }
        if let Some(decoder) = unpacking {
            let rest = decoder.finish();
            let rest = file.check(rest.map_err(|_| bad_gzip()))?;
            file.take(&rest)?;
        }
        file.finish(self.notes.clone())
    }

    /// Each part of the form is a file, named by its file name.
    async fn form(&self, kind: &str, body: Body, target: &Target) -> Result<Vec<Written>, Refusal> {
        let mut form = Form::new(kind, body)?;
        let mut written = Vec::new();
        while let Some(mut part) = form.next().await? {
            if part.name() != Some("file") {
                continue;
            }
            if written.len() >= FILES {
                return Err(Refusal::bad_request(format!(
                    "at most {FILES} files are taken at once"
                )));
            }
            // A path in the query names the one file there is.
            let path = match target.path.as_deref().filter(|path| !path.is_empty()) {
                Some(_) if !written.is_empty() => {
                    return Err(Refusal::bad_request(
                        "with `path` in the query the form has one file",
                    ));
                }
                Some(path) => path.to_owned(),
                None => part.file_name().unwrap_or_default().to_owned(),
            };
            if path.is_empty() {
                return Err(Refusal::bad_request("a part of the form names no file"));
            }
            let path = resolve(&path, self.user);
            let mut file = Incoming::new(self.lease, &path, self.user)?;
            while let Some(bytes) = file.check(part.chunk().await)? {
                file.take(&bytes)?;
            }
            written.push(file.finish(self.notes.clone())?);
        }
        Ok(written)
    }
}

fn bad_gzip() -> Refusal {
    Refusal::bad_request("the body is no whole gzip stream")
}

/// Unpacks a little at a time, so that a bomb meets the quota before the memory.
fn unpack(
    decoder: &mut GzDecoder<Vec<u8>>,
    bytes: &Bytes,
    file: &mut Incoming<'_>,
) -> Result<(), Refusal> {
    for piece in bytes.chunks(UNPACKED_AT_ONCE) {
        let unpacked = decoder.write_all(piece);
        file.check(unpacked.map_err(|_| bad_gzip()))?;
        let ready = std::mem::take(decoder.get_mut());
        file.take(&ready)?;
    }
    Ok(())
}

/// A file that is coming in.
struct Incoming<'l> {
    lease: &'l Lease,
    path: &'l str,
    user: User,
    kept: Vec<u8>,
    /// Its first bytes are in the sandbox.
    begun: bool,
    existed: bool,
}

impl<'l> Incoming<'l> {
    fn new(lease: &'l Lease, path: &'l str, user: User) -> Result<Self, Refusal> {
        let files = lease.sandbox.files();
        folder::make(&files, parent(path), user)?;
        let existed = files
            .exists(path)
            .map_err(|error| Fault::at(path, &error))?;
        Ok(Self {
            lease,
            path,
            user,
            kept: Vec::new(),
            begun: false,
            existed,
        })
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.kept.extend_from_slice(bytes);
        if self.kept.len() >= KEPT {
            self.put()?;
        }
        Ok(())
    }

    /// Writes what is kept.
    fn put(&mut self) -> Result<(), Refusal> {
        if self.lease.gone.is_cancelled() {
            return Err(Refusal::gone());
        }
        let files = self.lease.sandbox.files();
        let kept = std::mem::take(&mut self.kept);
        let put = if self.begun {
            files.append(self.path, &kept)
        } else {
            files.write(self.path, &kept)
        };
        let put = put.map_err(|error| Fault::at(self.path, &error));
        self.check(put)?;
        self.begun = true;
        Ok(())
    }

    /// Passes a result on; after a failure nothing is left of a part of a file.
    fn check<T, E: Into<Refusal>>(&self, result: Result<T, E>) -> Result<T, Refusal> {
        result.map_err(|error| {
            if self.begun {
                // What cannot be removed was removed by somebody else.
                let _gone = self.lease.sandbox.files().remove(self.path);
            }
            error.into()
        })
    }

    fn finish(mut self, notes: BTreeMap<String, String>) -> Result<Written, Refusal> {
        if !self.begun || !self.kept.is_empty() {
            self.put()?;
        }
        let files = self.lease.sandbox.files();
        if !self.existed && self.user == User::Root {
            let number = self.user.number();
            let owned = files.set_owner(self.path, number, number);
            owned.map_err(|error| Fault::at(self.path, &error))?;
        }
        // Notes of what was there before go with it.
        let stale = self.existed && files.metadata(self.path).is_ok_and(|old| !old.is_empty());
        if !notes.is_empty() || stale {
            let noted = files.set_metadata(self.path, notes.clone());
            noted.map_err(|error| Fault::at(self.path, &error))?;
        }
        Ok(Written {
            path: self.path.to_owned(),
            name: name(self.path).to_owned(),
            kind: "file",
            metadata: notes,
        })
    }
}

//! `sandcell image`: images in the user's cache.

use std::num::NonZeroUsize;
use std::path::Path;

use sandcell::{Cache, ImageSummary};
use sandcell_python::packages::{self, PackageError, Requirement};
use serde::Serialize;

use crate::args::{AddArguments, BuildArguments, ImageCommand};
use crate::console::{Colour, Escapes, Output};
use crate::exit::{ExitStatus, Failure};
use crate::language::{self, BuildSettings};
use crate::open;
use crate::patience::Patience;
use crate::progress::Display;
use crate::size;

/// Characters of an image's id in a list.
const SHORT_ID: usize = 12;

pub(crate) fn execute(command: ImageCommand) -> Result<ExitStatus, Failure> {
    let cache = Cache::of_user()?;
    let mut stdout = Output::stdout(Escapes::Shown);
    match command {
        ImageCommand::Build(arguments) => build(&cache, arguments, &mut stdout)?,
        ImageCommand::Add(arguments) => add(&cache, &arguments, &mut stdout)?,
        ImageCommand::List { json } => list(&cache, json, &mut stdout)?,
        ImageCommand::Inspect { name, json } => inspect(&cache, &name, json, &mut stdout)?,
        ImageCommand::Export { name, file } => {
            cache.export(&name, &file)?;
            let bytes = file.metadata().map_or(0, |metadata| metadata.len());
            stdout.line(&format!("wrote {} ({})", file.display(), size::show(bytes)))?;
        }
        ImageCommand::Import { file } => import(&cache, &file, &mut stdout)?,
        ImageCommand::Remove { name } => {
            cache.remove(&name)?;
            stdout.line(&format!("removed {name}"))?;
        }
    }
    Ok(ExitStatus::Success)
}

/// The tools are no image, but are built the same way.
const TOOLS: &str = "tools";

fn build(cache: &Cache, arguments: BuildArguments, stdout: &mut Output) -> Result<(), Failure> {
    if arguments.name == TOOLS {
        return build_tools(cache, arguments, stdout);
    }
    let name = arguments.name;
    let settings = BuildSettings {
        source: arguments.source,
        jobs: arguments
            .jobs
            .and_then(|jobs| NonZeroUsize::new(jobs.into())),
    };
    let Some(language) = language::find(&name, settings) else {
        let names = [&language::NAMES[..], &[TOOLS]].concat().join(", ");
        let failure = Failure::usage(format!(
            "there is no language `{name}` to build an image of"
        ));
        return Err(failure.hint(format!("there is: {names}")));
    };
    let mut display = Display::default();
    open::reactor()?.block_on(async {
        if arguments.force {
            cache.build(&*language, &mut display).await
        } else {
            cache.ensure(&*language, &mut display).await
        }
    })?;
    drop(display);
    if arguments.fuel {
        let _patience =
            Patience::new("compiling the variant that counts fuel; this takes some seconds");
        cache.add_fuel(&name)?;
    }
    stdout.line(&format!("the image {name} is ready"))?;
    Ok(())
}

fn add(cache: &Cache, arguments: &AddArguments, stdout: &mut Output) -> Result<(), Failure> {
    let name = &arguments.name;
    if language::NAMES.contains(&name.as_str()) || name == TOOLS {
        let failure = Failure::usage(format!("`{name}` is the name of an image that is built"));
        return Err(failure.hint("choose another --name"));
    }
    if let Err(error @ sandcell::Error::BadSetting { .. }) = cache.image(name) {
        return Err(error.into());
    }
    let parsed = arguments.packages.iter().map(|text| {
        let requirement: Requirement = text.parse().map_err(package_failure)?;
        if requirement.pinned().is_none() {
            let failure = Failure::usage(format!("`{text}` names no version"));
            let name = requirement.name();
            return Err(failure.hint(format!("say {name}==VERSION")));
        }
        Ok(requirement)
    });
    let wanted = parsed.collect::<Result<Vec<_>, Failure>>()?;
    let Some(language) = language::find(&arguments.base, BuildSettings::default()) else {
        return Err(Failure::usage("there is no such base"));
    };
    let mut display = Display::default();
    let base = language
        .build(cache.path(), &mut display)
        .map_err(sandcell::Error::Build)?;
    let wheels = {
        let _patience = Patience::new("asking pip for the packages");
        let present = packages::present_in(&base).map_err(package_failure)?;
        let store = packages::Store::new(cache.path());
        store.resolve(&wanted, &present).map_err(package_failure)?
    };
    let guest = packages::extend(&base, cache.path(), &wanted, &wheels).map_err(package_failure)?;
    open::reactor()?.block_on(cache.boot(guest.guest(), name, &mut display))?;
    drop(display);
    for wheel in &wheels {
        stdout.line(&format!(
            "{}=={} sha256:{}",
            wheel.name, wheel.version, wheel.sha256
        ))?;
    }
    stdout.line(&format!("the image {name} is ready"))?;
    Ok(())
}

/// What the user asked for is their affair, the rest this machine's.
fn package_failure(error: PackageError) -> Failure {
    match error {
        PackageError::BadRequirement { .. }
        | PackageError::TooMany { .. }
        | PackageError::InImage { .. }
        | PackageError::NativeCode { .. }
        | PackageError::NotFound { .. } => Failure::usage(error.to_string()),
        other => Failure::own(other.to_string()),
    }
}

fn build_tools(
    cache: &Cache,
    arguments: BuildArguments,
    stdout: &mut Output,
) -> Result<(), Failure> {
    if arguments.force || arguments.fuel {
        let message = "the tools have no variants, and are built again when their recipe changes";
        return Err(Failure::usage(message).hint("leave out --force and --fuel"));
    }
    let mut tools = sandcell_tools::Tools::default();
    if let Some(source) = arguments.source {
        tools = tools.source(source);
    }
    let jobs = arguments.jobs.map(|jobs| NonZeroUsize::new(jobs.into()));
    if let Some(jobs) = jobs.flatten() {
        tools = tools.jobs(jobs);
    }
    let mut display = Display::default();
    tools.build(cache.path(), &mut display).map_err(|error| {
        let failure = Failure::own(error.to_string());
        match language::advice(&error) {
            Some(advice) => failure.hint(advice),
            None => failure,
        }
    })?;
    drop(display);
    stdout.line("the tools are ready")?;
    Ok(())
}

fn import(cache: &Cache, file: &Path, stdout: &mut Output) -> Result<(), Failure> {
    let _patience = Patience::new("compiling the image for this machine; this takes some seconds");
    if !file.exists() {
        return Err(Failure::usage(format!(
            "there is no file {}",
            file.display()
        )));
    }
    let name = cache.import(file)?;
    stdout.line(&format!("imported {name}"))?;
    Ok(())
}

fn list(cache: &Cache, json: bool, stdout: &mut Output) -> Result<(), Failure> {
    let images = cache.images()?;
    if json {
        for image in &images {
            stdout.line(&to_json(image)?)?;
        }
        return Ok(());
    }
    if images.is_empty() {
        stdout.line(&format!(
            "there are no images in {}",
            cache.path().display()
        ))?;
        return Ok(());
    }
    let header = format!(
        "{:<16}{:<10}{:<10}{:<7}ID",
        "NAME", "SIZE", "COMPILED", "FUEL"
    );
    stdout.line(&stdout.paint(Colour::Bold, &header))?;
    for image in &images {
        if let Some(fault) = &image.fault {
            let word = stdout.paint(Colour::Red, "damaged");
            let fault = stdout.safe(fault).into_owned();
            stdout.line(&format!("{:<16}{word}: {fault}", image.name))?;
            continue;
        }
        let id: String = image.id.chars().take(SHORT_ID).collect();
        stdout.line(&format!(
            "{:<16}{:<10}{:<10}{:<7}{id}",
            image.name,
            size::show(total(image)),
            yes(image.compiled),
            yes(image.fuel),
        ))?;
    }
    Ok(())
}

fn inspect(cache: &Cache, name: &str, json: bool, stdout: &mut Output) -> Result<(), Failure> {
    let image = cache.image(name)?;
    if json {
        stdout.line(&to_json(&image)?)?;
        return Ok(());
    }
    let pages = format!("{} pages", size::grouped(image.hot_pages));
    let licences = image.licences.join(", ");
    for (label, value) in [
        ("name", image.name.as_str()),
        ("id", &image.id),
        ("recipe", &image.recipe),
        ("size", &size::show(total(&image))),
        ("  module", &size::show(image.module_bytes)),
        ("  memory", &size::show(image.memory_bytes)),
        ("  library", &size::show(image.library_bytes)),
        ("hot set", &pages),
        ("compiled", yes(image.compiled)),
        ("fuel", yes(image.fuel)),
        ("licences", &licences),
    ] {
        let value = stdout.safe(value).into_owned();
        stdout.line(&format!("{label:<12}{value}"))?;
    }
    Ok(())
}

/// Bytes of all that sandboxes share.
fn total(image: &ImageSummary) -> u64 {
    image.module_bytes + image.memory_bytes + image.library_bytes
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// An image as JSON.
#[derive(Debug, Serialize)]
struct Described<'a> {
    name: &'a str,
    id: &'a str,
    recipe: &'a str,
    module_bytes: u64,
    memory_bytes: u64,
    library_bytes: u64,
    hot_pages: u64,
    compiled: bool,
    fuel: bool,
    licences: &'a [String],
    fault: Option<&'a str>,
}

fn to_json(image: &ImageSummary) -> Result<String, Failure> {
    let described = Described {
        name: &image.name,
        id: &image.id,
        recipe: &image.recipe,
        module_bytes: image.module_bytes,
        memory_bytes: image.memory_bytes,
        library_bytes: image.library_bytes,
        hot_pages: image.hot_pages,
        compiled: image.compiled,
        fuel: image.fuel,
        licences: &image.licences,
        fault: image.fault.as_deref(),
    };
    serde_json::to_string(&described).map_err(|error| Failure::own(error.to_string()))
}

//! No two modules of a crate may depend on each other, directly or through others.
//!
//! A file is a module. It depends on another when its code names an item that the other defines: by `use`
//! (re-exports are followed to the file that defines the item) or by a path that begins with `crate::`,
//! `self::` or `super::`. A module and the modules below it count as one, because a child may extend its
//! parent's types. Test modules do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module's path in its crate: `[]` is the root, `["import", "cifar"]` is `import/cifar.rs`.
type Module = Vec<String>;

struct Source {
    module: Module,
    /// The code without comments and test modules.
    code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The sources of a crate.
fn sources(src: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    rust_files(src, &mut files);
    files.sort();
    let source = |file: &PathBuf| {
        let mut module: Module = file
            .strip_prefix(src)
            .unwrap()
            .with_extension("")
            .components()
            .map(|part| part.as_os_str().to_str().unwrap().to_owned())
            .collect();
        if module.last().is_some_and(|name| ["lib", "main", "mod"].contains(&name.as_str())) {
            module.pop();
        }
        Source { module, code: code_of(&fs::read_to_string(file).unwrap()) }
    };
    files.iter().map(source).collect()
}

/// The text without comments, and only up to the first test module.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The paths of a `use` tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![path.split("::").map(|part| part.trim().to_owned()).collect()];
    };
    let prefix: Vec<String> =
        tree[..open].split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let inner = &tree[open + 1..tree.rfind('}').unwrap()];
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let all = parts.into_iter().filter(|part| !part.trim().is_empty()).flat_map(expand);
    all.map(|path| prefix.iter().cloned().chain(path).collect()).collect()
}

/// Every `use` of a file: whether it is a re-export, and its path.
fn uses(code: &str) -> Vec<(bool, Vec<String>)> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let Some(at) = statement.find("use ") else { continue };
        let before = &statement[..at];
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with("pub") {
            let public = line.starts_with("pub");
            found.extend(expand(&statement[at + 4..]).into_iter().map(|path| (public, path)));
        }
    }
    found
}

/// The paths in a file that begin with `crate::`, `self::` or `super::`, outside of `use` statements.
fn inline_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let path: String =
                code[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
            found.push(path.trim_end_matches(':').split("::").map(str::to_owned).collect());
        }
    }
    found
}

struct Crate {
    modules: BTreeSet<Module>,
    /// Names that a module re-exports, and the path that each stands for.
    exports: BTreeMap<(Module, String), Vec<String>>,
}

impl Crate {
    /// The module that defines what `path`, written in `from`, names. None for items of other crates.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut at = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (at, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            first => {
                let child: Module = from.iter().cloned().chain([first.to_owned()]).collect();
                self.modules.contains(&child).then_some(())?;
            }
        }
        while let Some(next) = rest.first() {
            let child: Module = at.iter().cloned().chain([next.clone()]).collect();
            if !self.modules.contains(&child) {
                break;
            }
            (at, rest) = (child, &rest[1..]);
        }
        let Some(name) = rest.first() else { return Some(at) };
        match self.exports.get(&(at.clone(), name.clone())) {
            Some(target) if depth < 8 => self.resolve(&at, target, depth + 1).or(Some(at)),
            _ => Some(at),
        }
    }
}

/// Whether one is the other or contains it.
fn is_family(a: &Module, b: &Module) -> bool {
    !a.is_empty() && !b.is_empty() && (a.starts_with(b) || b.starts_with(a))
}

/// The modules that each module depends on.
fn dependencies(src: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let sources = sources(src);
    let mut exports = BTreeMap::new();
    for source in &sources {
        for (public, path) in uses(&source.code) {
            if public && let Some(name) = path.last() {
                exports.insert((source.module.clone(), name.clone()), path);
            }
        }
    }
    let modules = sources.iter().map(|source| source.module.clone()).collect();
    let krate = Crate { modules, exports };
    let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for source in &sources {
        let named = uses(&source.code).into_iter().filter(|(public, _)| !public).map(|(_, path)| path);
        for path in named.chain(inline_paths(&source.code)) {
            // The root re-exports everything and depends on all. Nothing that it defines is used below it.
            if let Some(target) = krate.resolve(&source.module, &path, 0)
                && !target.is_empty()
                && !source.module.is_empty()
                && !is_family(&source.module, &target)
            {
                edges.entry(source.module.clone()).or_default().insert(target);
            }
        }
    }
    edges
}

/// The modules on a circle through `start`, in order. None if there is no such circle.
fn circle(edges: &BTreeMap<Module, BTreeSet<Module>>, start: &Module) -> Option<Vec<Module>> {
    let mut queue = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while let Some(path) = (!queue.is_empty()).then(|| queue.remove(0)) {
        for next in edges.get(path.last()?).into_iter().flatten() {
            if next == start {
                return Some(path);
            }
            if seen.insert(next.clone()) {
                queue.push(path.iter().cloned().chain([next.clone()]).collect());
            }
        }
    }
    None
}

fn circles(src: &Path) -> BTreeSet<String> {
    let edges = dependencies(src);
    let name = |module: &Module| module.join("::");
    let found = edges.keys().filter_map(|start| circle(&edges, start)).map(|mut path| {
        let least = path.iter().enumerate().min_by_key(|(_, module)| name(module)).map_or(0, |(at, _)| at);
        path.rotate_left(least);
        path.iter().map(name).collect::<Vec<_>>().join(" -> ")
    });
    found.collect()
}

#[test]
fn no_crate_has_modules_that_depend_on_each_other_in_a_circle() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("crate")).unwrap() {
        let krate = entry.unwrap().path();
        let found = circles(&krate.join("src"));
        wrong.extend(found.iter().map(|circle| format!("{}: {circle}", krate.display())));
    }
    assert!(wrong.is_empty(), "modules in a circle:\n{}", wrong.join("\n"));
}

#[test]
fn a_circle_is_found_through_re_exports_and_inline_paths() {
    let folder = std::env::temp_dir().join(format!("structure-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in [
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use b::Thing;\n"),
        ("a.rs", "use crate::Thing;\npub struct Other;\n"),
        ("b.rs", "use crate::c::{self, Deep};\npub struct Thing;\n"),
        ("c.rs", "pub struct Deep;\nfn f() -> crate::a::Other { todo() }\n"),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
    let found = circles(&folder);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a -> b -> c"]);
}

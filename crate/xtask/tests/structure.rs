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

/// The text without comments and without the contents of strings, and only up to the first test module.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            'r' if rest.starts_with("r\"") || rest.starts_with("r#\"") => {
                let (open, close) = if rest.starts_with("r#") { (3, "\"#") } else { (2, "\"") };
                rest[open..].find(close).map_or(rest.len(), |end| open + end + close.len())
            }
            '"' => string_end(rest),
            '\'' if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") => {
                rest[1..].find('\'').unwrap_or(0) + 2
            }
            _ => 0,
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            if c == '"' || c == 'r' {
                code.push_str("\"\"");
            }
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of the string literal at the start of `text`.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The paths of a `use` tree, each with the name that it gets: `a::{b, c::d as e}` gives `a::b` as `b` and `a::c::d` as
/// `e`. A glob has the name `*`; `a::{self}` gives `a`.
fn expand(tree: &str) -> Vec<(String, Vec<String>)> {
    let tree = tree.trim();
    let parts = |text: &str| {
        text.split("::")
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
    };
    let Some(open) = tree.find('{') else {
        let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
        let mut path = parts(path);
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = alias.map(|alias| alias.trim().to_owned()).or_else(|| path.last().cloned());
        return name.map(|name| (name, path)).into_iter().collect();
    };
    let prefix = parts(&tree[..open]);
    let inner = &tree[open + 1..tree.rfind('}').unwrap()];
    let (mut depth, mut start, mut branches) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&inner[start..]);
    let all = branches.into_iter().filter(|branch| !branch.trim().is_empty()).flat_map(|branch| {
        match branch.trim().strip_prefix("self") {
            // `self` stands for the prefix itself.
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') => {
                let alias = rest.trim().strip_prefix("as ").map(|alias| alias.trim().to_owned());
                let name = alias.or_else(|| prefix.last().cloned()).unwrap_or_default();
                vec![(name, Vec::new())]
            }
            _ => expand(branch),
        }
    });
    all.map(|(name, path)| (name, prefix.iter().cloned().chain(path).collect())).collect()
}

/// A `use` of a file.
struct Use {
    /// Whether it is a re-export (`pub`, `pub(crate)`, …).
    public: bool,
    /// The name that it brings into scope.
    name: String,
    path: Vec<String>,
}

/// Every `use` of a file, and the code without them.
fn uses(code: &str) -> (Vec<Use>, String) {
    let (mut found, mut others) = (Vec::new(), String::new());
    let (mut start, mut end) = (0, 0);
    for line in code.split_inclusive('\n') {
        let text = line.trim_start();
        let after_visibility = match text.strip_prefix("pub") {
            Some(rest) if rest.starts_with('(') => rest.split_once(')').map_or(rest, |(_, rest)| rest),
            Some(rest) => rest,
            None => text,
        };
        if let Some(rest) = after_visibility.trim_start().strip_prefix("use ") {
            let from = start + line.len() - rest.len();
            let tree = code[from..].split(';').next().unwrap_or_default();
            others.push_str(code.get(end..start).unwrap_or_default());
            end = from + tree.len();
            let public = text.starts_with("pub");
            found.extend(expand(tree).into_iter().map(|(name, path)| Use { public, name, path }));
        }
        start += line.len();
    }
    others.push_str(&code[end..]);
    (found, others)
}

/// The names of the items that a file defines for others.
fn definitions(code: &str) -> BTreeSet<String> {
    const ITEMS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];
    let mut found = BTreeSet::new();
    for line in code.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with("pub") {
            continue;
        }
        // `pub const fn name`: the last of the item words counts.
        if let Some(at) = words.iter().rposition(|word| ITEMS.contains(word))
            && let Some(name) = words.get(at + 1)
        {
            found.insert(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    // Enums that the protocol declares by a macro: `names! { Network { …`, `messages! { DataError "data" { …`.
    let blocks = ["names! {", "messages! {"].into_iter().flat_map(|start| code.split(start).skip(1));
    for block in blocks {
        let line = block.lines().map(str::trim).find(|line| line.ends_with('{') && !line.starts_with('#'));
        found.extend(line.and_then(|line| line.split_whitespace().next()).map(str::to_owned));
    }
    found
}

/// The paths in code without `use` statements that begin with `crate::`, `self::` or `super::`.
fn inline_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "self::", "super::"] {
        for (at, _) in code.match_indices(start) {
            // Not the end of another name, nor the middle of a path such as `super::super::item`.
            let inside = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if inside {
                continue;
            }
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
    /// Modules whose items a module re-exports by `*`.
    globs: BTreeMap<Module, Vec<Vec<String>>>,
    /// Names that each module defines.
    definitions: BTreeMap<Module, BTreeSet<String>>,
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
        if depth == 8 || self.definitions.get(&at).is_some_and(|names| names.contains(name)) {
            return Some(at);
        }
        if let Some(target) = self.exports.get(&(at.clone(), name.clone())) {
            return self.resolve(&at, target, depth + 1);
        }
        let globs = self.globs.get(&at).into_iter().flatten();
        let mut through_glob = globs.filter_map(|glob| {
            let target = self.resolve(&at, glob, depth + 1)?;
            let path: Vec<String> = ["self".to_owned(), name.clone()].into();
            let found = self.resolve(&target, &path, depth + 1)?;
            self.definitions.get(&found).is_some_and(|names| names.contains(name)).then_some(found)
        });
        through_glob.next_back().or((!at.is_empty()).then_some(at))
    }
}

/// Whether one is the other or contains it.
fn is_family(a: &Module, b: &Module) -> bool {
    !a.is_empty() && !b.is_empty() && (a.starts_with(b) || b.starts_with(a))
}

/// The modules that each module depends on.
fn dependencies(src: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let sources = sources(src);
    let (mut exports, mut globs) = (BTreeMap::new(), BTreeMap::<Module, Vec<Vec<String>>>::new());
    for source in &sources {
        for Use { name, path, .. } in uses(&source.code).0.into_iter().filter(|found| found.public) {
            match name.as_str() {
                "*" => globs.entry(source.module.clone()).or_default().push(path[..path.len() - 1].to_vec()),
                _ => drop(exports.insert((source.module.clone(), name), path)),
            }
        }
    }
    let modules = sources.iter().map(|source| source.module.clone()).collect();
    let definitions =
        sources.iter().map(|source| (source.module.clone(), definitions(&source.code))).collect();
    let krate = Crate { modules, exports, globs, definitions };
    let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for source in &sources {
        let (uses, others) = uses(&source.code);
        for path in uses.into_iter().map(|found| found.path).chain(inline_paths(&others)) {
            // The root re-exports everything, so it depends on all. `super` may be the file itself, in a module inside it.
            let ambiguous = path.first().is_some_and(|first| first == "super");
            if let Some(target) = krate.resolve(&source.module, &path, 0)
                && !source.module.is_empty()
                && !(target.is_empty() && ambiguous)
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
    let mut edges = dependencies(src);
    // An item that the root itself defines and a module uses: a circle, because the root depends on every module.
    let modules: BTreeSet<Module> = edges.keys().cloned().collect();
    edges.insert(Vec::new(), modules);
    let name = |module: &Module| if module.is_empty() { "crate".into() } else { module.join("::") };
    let found = edges.keys().filter_map(|start| circle(&edges, start)).map(|mut path| {
        let least = path.iter().enumerate().min_by_key(|(_, module)| name(module)).map_or(0, |(at, _)| at);
        path.rotate_left(least);
        path.iter().map(name).collect::<Vec<_>>().join(" -> ")
    });
    found.collect()
}

#[test]
fn no_crate_has_circular_modules() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("crate")).unwrap() {
        let krate = entry.unwrap().path();
        let found = circles(&krate.join("src"));
        wrong.extend(found.iter().map(|circle| format!("{}: {circle}", krate.display())));
    }
    assert!(wrong.is_empty(), "modules in a circle:\n{}", wrong.join("\n"));
}

/// The circles of a crate with these files.
fn circles_of(test: &str, files: &[(&str, &str)]) -> Vec<String> {
    let folder = std::env::temp_dir().join(format!("structure-{test}-{}", std::process::id()));
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let found = circles(&folder);
    fs::remove_dir_all(&folder).unwrap();
    found.into_iter().collect()
}

#[test]
fn circles_are_found_through_re_exports_and_inline_paths() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use b::Thing;\n"),
        ("a.rs", "use crate::Thing;\npub struct Other;\n"),
        ("b.rs", "use crate::c::{self, Deep};\npub struct Thing;\n"),
        ("c.rs", "pub struct Deep;\nfn f() -> crate::a::Other { todo() }\n"),
    ];
    assert_eq!(circles_of("re-exports", &files), ["a -> b -> c"]);
}

#[test]
fn circles_are_found_through_every_form_of_use() {
    for (number, to_b) in [
        "use crate::b::B;",
        "use super::b::B;",
        "use crate::{c::C, b::{self, B as Renamed}};",
        "use crate::{\n    c::{\n        C,\n    },\n    b::{B},\n};",
        "pub(crate) const TEXT: &str = \"how to use it\";\nuse super::b::*;",
        "fn f() {\n    use crate::b::B;\n}",
        "use crate::B;",
        "use crate::Alias;",
        "fn f(b: &super::b::B) {}",
        "use crate::b;",
    ]
    .into_iter()
    .enumerate()
    {
        let a = format!("{to_b}\npub struct A;\n");
        let files = [
            ("lib.rs", "mod a;\nmod b;\nmod c;\npub use b::*;\npub use b::B as Alias;\n"),
            ("a.rs", a.as_str()),
            ("b.rs", "use crate::a::A;\npub struct B;\n"),
            ("c.rs", "pub struct C;\n"),
        ];
        assert_eq!(circles_of(&format!("use-{number}"), &files), ["a -> b"], "{to_b}");
    }
}

#[test]
fn circles_are_found_between_folders_and_through_the_root() {
    let folders = [
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a/mod.rs", "pub mod deep;\n"),
        ("a/deep.rs", "use super::super::b::B;\npub struct Deep;\n"),
        ("b.rs", "use crate::a::deep::Deep;\npub struct B;\n"),
    ];
    assert_eq!(circles_of("folders", &folders), ["a::deep -> b"]);
    let root = [("lib.rs", "mod a;\npub struct Root;\n"), ("a.rs", "use crate::Root;\n")];
    assert_eq!(circles_of("root", &root), ["a -> crate"]);
    let re_export = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
        ("a.rs", "use crate::c::B;\npub struct A;\n"),
        ("b.rs", "use crate::a::A;\npub struct B;\n"),
        ("c.rs", "pub use super::b::B;\n"),
    ];
    assert_eq!(circles_of("module-re-export", &re_export), ["a -> b"]);
}

#[test]
fn comments_strings_and_tests_are_no_code() {
    let text = "let a = \"use crate::b; // \\\" use\"; /* crate::c */ 'x'; // crate::d\nuse e;\n#[cfg(test)]\nmod tests {}";
    assert_eq!(code_of(text), "let a = \"\";  'x'; \nuse e;\n");
}

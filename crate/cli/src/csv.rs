//! Tables for spreadsheets (RFC 4180).

/// A line of a table: values separated by commas, quoted where they need it.
///
/// A spreadsheet takes a value that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula, and file
/// names come from anywhere. Such a value gets an apostrophe before it, which a spreadsheet does not show (OWASP, CSV
/// injection).
pub fn line(values: &[String]) -> String {
    values.iter().map(|value| cell(value)).collect::<Vec<_>>().join(",")
}

fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{value}") } else { value.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_formulas() {
        let line = |values: &[&str]| line(&values.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(line(&["a.jpg", "tabby, tabby cat", "0.5"]), "a.jpg,\"tabby, tabby cat\",0.5");
        assert_eq!(line(&["say \"cheese\".jpg"]), "\"say \"\"cheese\"\".jpg\"");
        assert_eq!(line(&["=1+1.jpg", "+1", "-1", "@a", "\tb"]), "'=1+1.jpg,'+1,'-1,'@a,'\tb");
        assert_eq!(line(&["=HYPERLINK(\"x\",1)"]), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(line(&["two\nlines", ""]), "\"two\nlines\",");
    }
}

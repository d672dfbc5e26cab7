//! The classes of ImageNet's 2012 challenge, in the order of every network trained on it.

use alexnet_protocol::ClassLabel;

/// A WordNet id and a name on each line; see `assets/README.md` for the source.
const LINES: &str = include_str!("../assets/imagenet-1k.txt");

/// The 1,000 classes: WordNet ids (the names of ImageNet's folders) and torchvision's names.
pub fn imagenet_1k() -> Vec<ClassLabel> {
    let parts = LINES.lines().filter_map(|line| line.split_once(' '));
    parts.map(|(id, name)| ClassLabel { id: id.to_owned(), name: name.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_classes_in_the_order_of_their_ids() {
        let classes = imagenet_1k();
        assert_eq!(classes.len(), 1000);
        assert!(
            classes.is_sorted_by(|a, b| a.id < b.id),
            "ImageFolder sorts, and so do all trained networks"
        );
        assert!(classes.iter().all(|class| class.id.len() == 9 && !class.name.is_empty()));
        let names = [0, 1, 281, 999].map(|i| classes[i].name.as_str());
        assert_eq!(names, ["tench", "goldfish", "tabby", "toilet tissue"]);
    }
}

//! Explanations of a network that has learnt a known rule: which corner of an image is bright.

#![allow(missing_docs)]

mod support;

use alexnet::data::Image;
use alexnet::protocol::TestCrops;
use alexnet::{Classifier, ensemble};
use support::{block_on, corners, session, small};

/// A network that tells the four corners apart, and an image of each class.
fn learnt() -> (Classifier, Vec<Vec<u8>>) {
    let mut session = session(&small());
    block_on(session.step(60)).unwrap();
    let samples = corners(4, 32, 4);
    let pictures = (0..4).map(|i| samples.image(i).unwrap().to_vec()).collect();
    (session.classifier(), pictures)
}

/// Sum of a square map over each quarter: top left, top right, bottom left, bottom right.
fn quarters(values: &[f32], side: usize) -> [f32; 4] {
    let mut sums = [0.0f32; 4];
    for (i, value) in values.iter().enumerate() {
        let (x, y) = (i % side, i / side);
        // The middle row and column of an odd side belong to no quarter.
        if side % 2 == 1 && (x == side / 2 || y == side / 2) {
            continue;
        }
        sums[usize::from(x >= side / 2) + 2 * usize::from(y >= side / 2)] += value;
    }
    sums
}

fn highest(values: &[f32]) -> usize {
    (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
}

#[test]
fn occluding_the_bright_corner_lowers_the_probability() {
    let (network, pictures) = learnt();
    let grid = network.occlusion_grid();
    assert_eq!((grid.size, grid.patch, grid.stride, grid.positions), (32, 8, 2, 13));
    let mut found = 0;
    for (class, picture) in pictures.iter().enumerate() {
        let whole = block_on(network.occlusion_probabilities(picture, class as u32, 0, usize::MAX)).unwrap();
        assert_eq!(whole.len(), 169);
        let lost: Vec<f32> = whole.iter().map(|p| 1.0 - p).collect();
        found += u32::from(highest(&quarters(&lost, 13)) == class);
        // Computed in parts it is the same map.
        let pieces: Vec<f32> = [(0, 100), (100, 60), (160, 60), (220, 5)]
            .into_iter()
            .flat_map(|(from, count)| {
                block_on(network.occlusion_probabilities(picture, class as u32, from, count)).unwrap()
            })
            .collect();
        assert!(pieces.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-5) && pieces.len() == 169);
    }
    // One class may be the default where no corner is bright. Covering its corner then changes nothing.
    assert!(found >= 3, "{found} of 4");
}

#[test]
fn evidence_map_is_highest_at_the_bright_corner() {
    let (network, pictures) = learnt();
    let mut found = 0;
    for (class, picture) in pictures.iter().enumerate() {
        let evidence = block_on(network.evidence_map(picture, class as u32)).unwrap();
        let values = &evidence.values;
        assert_eq!((evidence.height, evidence.width, values.len()), (7, 7, 49));
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        assert_eq!(values.iter().fold(0.0f32, |a, &b| a.max(b)), 1.0);
        found += u32::from(highest(&quarters(values, 7)) == class);
        assert_eq!(block_on(network.evidence_map(picture, class as u32)).unwrap(), evidence);
    }
    assert!(found >= 3, "{found} of 4");
}

#[test]
fn feature_maps_equal_the_layer_outputs() {
    let (network, pictures) = learnt();
    let pixels = alexnet::data::normalize(&pictures[0], 1, 32, &network.preprocess());
    let all = block_on(network.features(pixels, 1)).unwrap();
    let layers = network.layers();
    assert!(layers.len() > 15 && layers.iter().all(|layer| !layer.name.starts_with("drop")));
    for layer in layers {
        let maps = block_on(network.feature_maps(&pictures[0], &layer.name)).unwrap();
        let shape = [layer.channels, layer.height, layer.width].map(|side| side as usize);
        assert_eq!(
            (maps.shape.as_slice(), &maps.data),
            (&shape[..], &all[&layer.name].data),
            "{}",
            layer.name
        );
    }
    assert_eq!(block_on(network.filters()).unwrap().shape, [8, 3, 3, 3]);
}

#[test]
fn class_similarity_is_symmetric() {
    let (network, _) = learnt();
    let alike = |class| block_on(network.similar_classes(class, 9)).unwrap();
    let first = alike(0);
    assert_eq!(first.len(), 3);
    assert!(first.windows(2).all(|pair| pair[0].similarity >= pair[1].similarity));
    for other in first {
        assert_eq!(other.label, network.labels()[other.index as usize].name);
        let back = alike(other.index).into_iter().find(|class| class.index == 0).unwrap();
        assert!((back.similarity - other.similarity).abs() < 1e-5);
    }
}

#[test]
fn ensemble_averages_probabilities() {
    let (network, pictures) = learnt();
    let other = session(&small()).classifier();
    let picture = Image { width: 32, height: 32, rgb: pictures[1].clone() };
    let votes = block_on(ensemble::predict(&[&network, &other], &picture, 4)).unwrap();
    let alone = block_on(network.classify(&picture, TestCrops::One, 4)).unwrap().top;
    assert_eq!(votes.each[0], alone);
    for guess in &votes.average {
        let of = |votes: &[alexnet::protocol::Prediction]| {
            votes.iter().find(|vote| vote.index == guess.index).unwrap().probability
        };
        let mean = (of(&votes.each[0]) + of(&votes.each[1])) / 2.0;
        assert!((guess.probability - mean).abs() < 1e-6);
    }
}

#[test]
fn unknown_layers_classes_and_sizes_are_errors() {
    let (network, pictures) = learnt();
    let sentence = block_on(network.feature_maps(&pictures[0], "conv9")).unwrap_err().to_string();
    assert_eq!(sentence, "This network has no layer “conv9”: choose one of its own.");
    let sentence = block_on(network.evidence_map(&pictures[0][1..], 0)).unwrap_err().to_string();
    assert!(sentence.contains("takes 32 × 32 pixels"), "{sentence}");
    assert!(
        block_on(network.similar_classes(4, 1)).is_err()
            && block_on(network.occlusion_probabilities(&pictures[0], 4, 0, 1)).is_err()
    );
}

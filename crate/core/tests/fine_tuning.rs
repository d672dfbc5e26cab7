//! Frozen convolutions: their features are cached, which must not change any result.
#![allow(missing_docs)]

mod support;

use alexnet::classifier::ValidationCounter;
use alexnet::data::{Dataset, Image, Split, augment, epoch_order};
use alexnet::format::{Checkpoint, FileFormat, Precision};
use alexnet::protocol::{Freeze, Normalization, Optimizer, RunOptions};
use alexnet::{Compute, Session};
use support::{bits, block_on, dataset, session, small};

/// A model with other classes, so that a run from it gets a new last layer.
fn model() -> Checkpoint {
    let mut parent = session(&RunOptions { normalization: Normalization::Batch, ..small() });
    block_on(parent.step(8)).unwrap();
    let mut model = block_on(parent.model()).unwrap();
    model.labels.iter_mut().for_each(|label| label.id.push('x'));
    model
}

/// 70 images in batches of 16: six are in no batch of the first epoch, others in none of the second.
fn run(options: &RunOptions) -> Session {
    Session::from_model(options.clone(), &model(), dataset(70, 19, 32), &Compute::cpu()).unwrap()
}

fn head() -> RunOptions {
    RunOptions { freeze: Freeze::Conv, ..small() }
}

fn varied() -> Vec<RunOptions> {
    vec![
        head(),
        RunOptions { flip: true, weight_average: 0.9, ..head() },
        RunOptions { optimizer: Optimizer::AdamW, learning_rate: 1e-3, flip: true, ..head() },
        RunOptions { crop: 0.7, colour: 0.2, flip: true, ..head() },
    ]
}

#[test]
fn cached_features_give_the_same_bits() {
    for options in varied() {
        let (mut cached, mut plain) = (run(&options), run(&options));
        let (dataset, images) = (dataset(70, 19, 32), options.batch_size as usize);
        for step in 0..11u64 {
            block_on(cached.step(1)).unwrap();
            let (epoch, place) = (step / 4, (step % 4) as usize);
            let order = epoch_order(&dataset.shards(Split::Train), 0, options.seed, epoch);
            let batch = &order[place * images..][..images];
            let samples = block_on(dataset.fetch(Split::Train, batch)).unwrap();
            let pixels = augment(&samples, &options, &model().preprocess, options.seed, step);
            block_on(plain.step_on_batch(pixels, &samples.labels)).unwrap();
        }
        assert!(bits(&cached) == bits(&plain), "{options:?}");

        let samples = block_on(dataset.fetch(Split::Val, &(0..19).collect::<Vec<_>>())).unwrap();
        let mut counter = ValidationCounter::new(4);
        counter.add(&block_on(plain.classifier().logits(&samples)).unwrap(), &samples.labels);
        let expected = counter.validation();
        for _ in 0..2 {
            assert_eq!(block_on(cached.validate(0)).unwrap(), expected);
        }
        let predicted = block_on(cached.predict_validation(&[3, 3, 18])).unwrap();
        let names: Vec<_> = predicted.iter().map(|w| (w.index, w.label.as_str())).collect();
        assert_eq!(names, [(3, "bottom right"), (3, "bottom right"), (18, "bottom left")]);
        assert_eq!(predicted[0].top, predicted[1].top);
        assert_ne!(predicted[0].top, predicted[2].top);
    }
}

#[test]
fn repeated_and_resumed_runs_give_the_same_bits() {
    for options in varied() {
        let (mut whole, mut again) = (run(&options), run(&options));
        block_on(whole.step(10)).unwrap();
        // Evaluating in between fills the cache in another order.
        for _ in 0..5 {
            block_on(again.validate(7)).unwrap();
            block_on(again.step(2)).unwrap();
        }
        assert!(bits(&whole) == bits(&again));
        let mut first = run(&options);
        block_on(first.step(6)).unwrap();
        let file = block_on(first.checkpoint()).unwrap().write(FileFormat::Alexnet, Precision::F32).unwrap();
        let saved = Checkpoint::read(&file).unwrap();
        let mut second = Session::resume(saved, dataset(70, 19, 32), &Compute::cpu()).unwrap();
        block_on(second.step(4)).unwrap();
        assert!(bits(&whole) == bits(&second));
        assert_eq!(block_on(whole.validate(0)).unwrap(), block_on(second.validate(0)).unwrap());
    }
}

#[test]
fn set_weights_clears_the_cache() {
    let mut run = run(&head());
    let before = block_on(run.validate(0)).unwrap();
    let other = session(&RunOptions { normalization: Normalization::Batch, seed: 5, ..small() });
    run.set_weights(&block_on(other.checkpoint()).unwrap().tensors).unwrap();
    assert_ne!(block_on(run.validate(0)).unwrap().loss, before.loss);
}

#[test]
fn training_image_is_its_own_nearest_neighbor() {
    for freeze in [Freeze::Conv, Freeze::None] {
        let mut run = run(&RunOptions { freeze, ..head() });
        block_on(run.step(3)).unwrap();
        let samples = block_on(run.train_image(41)).unwrap();
        let picture = Image::new(32, 32, samples.pixels.clone()).unwrap();
        let found = block_on(run.nearest_neighbors(&picture, 5)).unwrap();
        assert_eq!((found.len(), found[0].index, found[0].label.as_str()), (5, 41, "top right"));
        assert!((found[0].similarity - 1.0).abs() < 1e-4, "{found:?}");
        assert!(found.windows(2).all(|pair| pair[0].similarity >= pair[1].similarity));
        assert_eq!(block_on(run.nearest_neighbors(&picture, 500)).unwrap().len(), 70);
        // The expected cosine, from the embeddings of both images.
        let classifier = run.classifier();
        let other = block_on(run.train_image(found[1].index)).unwrap();
        let [a, b] = [samples, other].map(|samples| block_on(classifier.embed(&samples)).unwrap());
        assert_eq!(a.len(), 64);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
        assert!((cosine - found[1].similarity).abs() < 1e-4);
        // After another step the embeddings differ.
        block_on(run.step(3)).unwrap();
        assert_ne!(block_on(run.nearest_neighbors(&picture, 5)).unwrap()[1], found[1]);
    }
}

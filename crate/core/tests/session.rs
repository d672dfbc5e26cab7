//! A run is reproducible, can be resumed, learns, and rejects invalid input.
#![allow(missing_docs)]

mod support;

use alexnet::data::Dataset;
use alexnet::format::{Checkpoint, FileFormat, Precision};
use alexnet::protocol::{DropoutLayer, Network, Normalization, Optimizer, RunOptions};
use alexnet::{Compute, Session};
use support::{bits, block_on, dataset, images, session, small};

fn varied() -> Vec<RunOptions> {
    vec![
        RunOptions { flip: true, shift: 0.1, colour: 0.2, crop: 0.7, cutmix: 0.5, ..small() },
        RunOptions { optimizer: Optimizer::AdamW, learning_rate: 1e-3, ..small() },
        RunOptions {
            normalization: Normalization::Batch,
            weight_average: 0.9,
            label_smoothing: 0.1,
            ..small()
        },
        RunOptions { network: Network::AlexNet2012At32, ..small() },
    ]
}

#[test]
fn same_options_give_the_same_bits() {
    for options in varied() {
        let (mut a, mut b) = (session(&options), session(&options));
        for _ in 0..3 {
            let (x, y) = (block_on(a.step(2)).unwrap(), block_on(b.step(2)).unwrap());
            assert_eq!(x, y);
        }
        let mut c = session(&options);
        block_on(c.step(6)).unwrap();
        assert_eq!(bits(&a), bits(&b));
        assert_eq!(bits(&a), bits(&c));
        assert_ne!(bits(&a), bits(&session(&options)));
    }
}

#[test]
fn resumed_run_gives_the_same_bits() {
    for options in varied() {
        let mut whole = session(&options);
        block_on(whole.step(9)).unwrap();
        let mut first = session(&options);
        block_on(first.step(5)).unwrap();
        let file = block_on(first.checkpoint()).unwrap().write(FileFormat::Alexnet, Precision::F32).unwrap();
        let saved = Checkpoint::read(&file).unwrap();
        let mut second = Session::resume(saved, dataset(64, 16, 32), &Compute::cpu()).unwrap();
        assert_eq!(second.steps(), 5);
        block_on(second.step(4)).unwrap();
        assert_eq!(bits(&whole), bits(&second));
        let state = |run: &Session| block_on(run.checkpoint()).unwrap().run.unwrap();
        assert_eq!(state(&whole).optimizer, state(&second).optimizer);
        assert_eq!(state(&whole).average, state(&second).average);
        assert_eq!(block_on(whole.validate(0)).unwrap(), block_on(second.validate(0)).unwrap());
    }
}

#[test]
fn another_seed_gives_other_weights() {
    let (mut a, mut b) = (session(&small()), session(&RunOptions { seed: 2, ..small() }));
    block_on(a.step(1)).unwrap();
    block_on(b.step(1)).unwrap();
    assert_ne!(bits(&a), bits(&b));
}

#[test]
fn learns_the_bright_corner() {
    for options in [
        RunOptions { dropout: 0.2, ..small() },
        RunOptions { normalization: Normalization::Batch, dropout: 0.2, ..small() },
        RunOptions { optimizer: Optimizer::AdamW, learning_rate: 2e-3, dropout: 0.2, ..small() },
        RunOptions { network: Network::AlexNet2012At32, dropout: 0.2, ..small() },
    ] {
        let mut run = session(&options);
        block_on(run.step(60)).unwrap();
        let found = block_on(run.validate(0)).unwrap();
        assert!(found.top1 > 0.9, "{options:?}: {found:?}");
        assert_eq!(found.images, 16);
        assert_eq!(found.confusion.iter().sum::<u32>(), 16);
    }
}

#[test]
fn mask_returns_the_mask_of_the_last_step() {
    let options = RunOptions { dropout: 0.4, ..small() };
    let mut run = session(&options);
    let pixels = images(16, 32);
    let labels: Vec<u32> = (0..16).map(|i| i % 4).collect();
    let drawn = block_on(run.forward_backward(pixels.clone(), &labels, None)).unwrap();
    let masks = [DropoutLayer::Fc6, DropoutLayer::Fc7].map(|layer| run.mask(layer).unwrap().clone());
    assert_eq!((masks[0].batch, masks[0].units, masks[1].units), (16, 144, 64));
    let given = block_on(run.forward_backward(pixels.clone(), &labels, Some(masks.clone()))).unwrap();
    assert_eq!(drawn.logits, given.logits);
    let mut other = masks;
    other[0].values.iter_mut().for_each(|v| *v = 1 - *v);
    let different = block_on(run.forward_backward(pixels, &labels, Some(other))).unwrap();
    assert_ne!(drawn.logits, different.logits);
}

#[test]
fn mean_over_dropout_masks_is_the_input() {
    // The input of fc6 through many masks: the mean of the masked and scaled values is the value itself, at p
    // ≠ 0.5.
    let p = 0.3;
    let masks = (0..4000).map(|step| alexnet::dropout::Mask::draw(9, step, 0, [1, 64], p));
    let mut sum = [0.0f64; 64];
    for mask in masks {
        for (total, value) in sum.iter_mut().zip(mask.values) {
            *total += f64::from(value) / (1.0 - p);
        }
    }
    for total in sum {
        assert!((total / 4000.0 - 1.0).abs() < 0.06, "{total}");
    }
}

#[test]
fn gradients_match_finite_differences() {
    for network in [Network::AlexNet32, Network::AlexNet2012At32] {
        assert_gradients_match_finite_differences(network);
    }
}

fn assert_gradients_match_finite_differences(network: Network) {
    // Tanh is smooth everywhere, so finite differences are meaningful. f32 leaves an error of about 1e-2.
    let options = RunOptions {
        network,
        activation: alexnet::protocol::Activation::Tanh,
        dropout: 0.4,
        weight_decay: 0.0,
        ..small()
    };
    let mut run = session(&options);
    let pixels = images(8, 32);
    let labels: Vec<u32> = (0..8).map(|i| i % 4).collect();
    let probe = block_on(run.forward_backward(pixels.clone(), &labels, None)).unwrap();
    let masks = [DropoutLayer::Fc6, DropoutLayer::Fc7].map(|layer| run.mask(layer).unwrap().clone());
    let weights = block_on(run.checkpoint()).unwrap().tensors;
    for (name, gradient) in &probe.gradients {
        // Along the gradient the derivative is its norm.
        let norm = gradient.data.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let mut loss_at = |step: f64| {
            let mut moved = weights.clone();
            for (w, g) in moved.get_mut(name).unwrap().data.iter_mut().zip(&gradient.data) {
                *w += (step * f64::from(*g) / norm) as f32;
            }
            run.set_weights(&moved).unwrap();
            block_on(run.forward_backward(pixels.clone(), &labels, Some(masks.clone()))).unwrap().loss
        };
        let width = 3e-3;
        let slope = (loss_at(width) - loss_at(-width)) / (2.0 * width);
        assert!((slope / norm - 1.0).abs() < 2e-2, "{network} {name}: slope {slope}, gradient {norm}");
    }
}

#[test]
fn metrics_count_steps_epochs_and_images() {
    let mut run = session(&small());
    let metrics = block_on(run.step(6)).unwrap();
    assert_eq!((metrics.step, metrics.epoch, metrics.images), (6, 1.5, 16));
    assert!((metrics.loss - 4f32.ln()).abs() < 1.0);
    let info = run.info();
    assert_eq!((info.steps_per_epoch, info.train_images, info.val_images), (4, 64, 16));
}

#[test]
fn only_live_options_can_change_during_a_run() {
    let mut run = session(&small());
    run.set_options(RunOptions { learning_rate: 0.1, dropout: 0.0, ..small() }).unwrap();
    block_on(run.step(1)).unwrap();
    assert_eq!(run.mask(DropoutLayer::Fc6).unwrap().kept_fraction(), 1.0);
    assert_eq!(
        block_on(run.model()).unwrap().network.dropout,
        0.0,
        "the file says what it was last trained with"
    );
    let refused = run.set_options(RunOptions { width: 0.5, ..small() }).unwrap_err();
    assert_eq!(refused.to_string(), "Width cannot change during a run: reset the run to use another.");
    assert!(run.set_options(RunOptions { learning_rate: f64::INFINITY, ..small() }).is_err());
    assert_eq!(run.options().learning_rate, 0.1);
}

#[test]
fn batch_size_is_capped_at_the_number_of_images() {
    let run = session(&RunOptions { train_images: 8, ..small() });
    assert_eq!(run.options().batch_size, 8);
    assert_eq!(run.info().train_images, 8);
}

#[test]
fn diverged_session_stays_usable() {
    let mut run = session(&RunOptions { learning_rate: 10.0, momentum: 0.99, ..small() });
    let mut last = 0.0;
    for _ in 0..40 {
        last = block_on(run.step(1)).unwrap().loss;
    }
    assert!(!last.is_finite() || last > 10.0, "{last}");
    assert!(block_on(run.validate(0)).is_ok());
}

#[test]
fn frozen_convolutions_keep_their_weights_while_the_head_learns() {
    let mut parent = session(&RunOptions { normalization: Normalization::Batch, ..small() });
    block_on(parent.step(8)).unwrap();
    let mut model = block_on(parent.model()).unwrap();
    model.labels.iter_mut().for_each(|label| label.id.push('x'));
    let options = RunOptions { freeze: alexnet::protocol::Freeze::Conv, dropout: 0.0, ..small() };
    let mut run = Session::from_model(options, &model, dataset(64, 16, 32), &Compute::cpu()).unwrap();
    let before = bits(&run);
    block_on(run.step(40)).unwrap();
    let after = bits(&run);
    for (name, bits) in &before {
        assert_eq!(name.starts_with("features."), after[name] == *bits, "{name}");
    }
    assert!(block_on(run.validate(0)).unwrap().top1 > 0.9);
}

#[test]
fn weights_of_another_network_are_rejected() {
    let mut run = session(&small());
    let mut tensors = block_on(run.checkpoint()).unwrap().tensors;
    let before = bits(&run);
    tensors.remove("classifier.6.bias");
    let missing = run.set_weights(&tensors).unwrap_err().to_string();
    assert!(missing.starts_with("The weights lack classifier.6.bias"), "{missing}");
    let other = session(&RunOptions { width: 0.5, ..small() });
    let tensors = block_on(other.checkpoint()).unwrap().tensors;
    assert!(run.set_weights(&tensors).unwrap_err().to_string().contains("has the shape"));
    assert_eq!(before, bits(&run));
}

#[test]
fn images_of_another_size_are_rejected() {
    let wrong = Session::new(small(), dataset(8, 8, 64), &Compute::cpu());
    assert!(wrong.err().unwrap().to_string().contains("takes 32"));
    assert_eq!(dataset(8, 8, 64).size(), 64);
}

#[test]
fn resuming_needs_equal_class_ids_not_names() {
    let mut run = session(&small());
    block_on(run.step(1)).unwrap();
    let mut saved = block_on(run.checkpoint()).unwrap();
    saved.labels[0].name = "where the light comes from".into();
    assert_eq!(Session::resume(saved.clone(), dataset(64, 16, 32), &Compute::cpu()).unwrap().steps(), 1);
    saved.labels[0].id = "elsewhere".into();
    assert!(Session::resume(saved, dataset(64, 16, 32), &Compute::cpu()).is_err());
}

#[test]
fn cutmix_keeps_the_loss_above_zero() {
    // Two images of two classes, mixed in every step: a network that learns the mixed targets cannot be
    // certain.
    let sure = |cutmix: f64| {
        let options = RunOptions {
            cutmix,
            train_images: 2,
            batch_size: 2,
            dropout: 0.0,
            learning_rate: 0.01,
            ..small()
        };
        let mut run = session(&options);
        (0..60).map(|_| block_on(run.step(1)).unwrap().loss).fold(f32::INFINITY, f32::min)
    };
    let (plain, mixed) = (sure(0.0), sure(1.0));
    assert!(plain < 0.05 && mixed > 4.0 * plain, "least loss {plain} without, {mixed} with");
}

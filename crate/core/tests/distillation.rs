//! Distillation: the teachers' share of the targets, resuming, and teachers that do not fit.
#![allow(missing_docs)]

mod support;

use alexnet::format::{Checkpoint, FileFormat, Precision, Tensors};
use alexnet::protocol::{Freeze, RunOptions};
use alexnet::{Compute, Session};
use support::{bits, block_on, dataset, images, session, small};

fn plain() -> RunOptions {
    RunOptions { dropout: 0.0, ..small() }
}

/// A network that has trained a few steps from this seed.
fn teacher(seed: u32) -> Checkpoint {
    let mut run = session(&RunOptions { seed, ..plain() });
    block_on(run.step(5)).unwrap();
    block_on(run.model()).unwrap()
}

fn gradients(run: &mut Session) -> Tensors {
    let labels: Vec<u32> = (0..8).map(|i| i % 4).collect();
    block_on(run.forward_backward(images(8, 32), &labels, None)).unwrap().gradients
}

#[test]
fn own_teacher_scales_the_label_gradients() {
    let mut run = session(&plain());
    block_on(run.step(3)).unwrap();
    let itself = block_on(run.model()).unwrap();
    let untaught = gradients(&mut run);
    for share in [0.25, 1.0] {
        run.distill_from(&[itself.clone(), itself.clone()], share).unwrap();
        for (name, taught) in gradients(&mut run) {
            let alone = &untaught[&name];
            let size = alone.data.iter().fold(0.0f32, |most, value| most.max(value.abs()));
            for (taught, alone) in taught.data.iter().zip(&alone.data) {
                let expected = alone * (1.0 - share as f32);
                assert!((taught - expected).abs() < 1e-5 + 1e-4 * size, "{name}: {taught} {expected}");
            }
        }
    }
}

#[test]
fn resuming_distillation_needs_the_teachers() {
    let teachers = [teacher(5), teacher(6)];
    // With frozen convolutions too: teachers see pixels, not features.
    for options in
        [RunOptions { flip: true, crop: 0.7, ..plain() }, RunOptions { freeze: Freeze::Conv, ..plain() }]
    {
        let mut whole = session(&options);
        whole.distill_from(&teachers, 0.7).unwrap();
        block_on(whole.step(6)).unwrap();
        let mut untaught = session(&options);
        block_on(untaught.step(6)).unwrap();
        assert_ne!(bits(&whole), bits(&untaught));

        let mut first = session(&options);
        first.distill_from(&teachers, 0.7).unwrap();
        block_on(first.step(4)).unwrap();
        let file = block_on(first.checkpoint()).unwrap().write(FileFormat::Alexnet, Precision::F32).unwrap();
        let saved = Checkpoint::read(&file).unwrap();
        assert_eq!(saved.run.as_ref().unwrap().distillation, 0.7);
        let mut second = Session::resume(saved, dataset(64, 16, 32), &Compute::cpu()).unwrap();
        let sentence = block_on(second.step(2)).unwrap_err().to_string();
        assert!(sentence.contains("was given none"), "{sentence}");
        second.distill_from(&teachers, 0.7).unwrap();
        block_on(second.step(2)).unwrap();
        assert_eq!(bits(&whole), bits(&second));
    }
}

#[test]
fn teachers_that_do_not_fit_are_rejected() {
    let mut run = session(&plain());
    let fits = teacher(5);
    let mut sentence =
        |teachers: &[Checkpoint], share| run.distill_from(teachers, share).unwrap_err().to_string();
    assert!(sentence(&[], 0.5).contains("was given none"));
    for share in [0.0, 1.5, f64::NAN] {
        assert!(sentence(std::slice::from_ref(&fits), share).contains("at most 1"));
    }
    let mut others = fits.clone();
    others.labels.reverse();
    assert!(sentence(&[others], 0.5).contains("other classes"));
    let mut scaled = fits.clone();
    scaled.preprocess.mean = [0.1; 3];
    assert!(sentence(&[scaled], 0.5).contains("must take the same"));
    let mut damaged = fits;
    damaged.tensors.remove("classifier.6.bias");
    assert!(sentence(&[damaged], 0.5).contains("classifier.6.bias"));
}

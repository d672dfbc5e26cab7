//! `cargo bench -p alexnet-data --features fs [-- DATA]`: what augmentation costs an image, and, where a data
//! set is named, what reading it costs.

use std::path::Path;
use std::time::Instant;

use alexnet_data::{
    Dataset, InputSize, Samples, Split, augment, import, normalize, preprocess_image, read_path,
};
use alexnet_protocol::{Preprocess, RunOptions};

fn median_ms(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let preprocess = Preprocess { resize: 64, crop: 64, mean: [0.48, 0.45, 0.40], std: [0.27, 0.26, 0.28] };
    let n = 128;
    let pixels = (0..n * 64 * 64 * 3).map(|i: usize| (i.wrapping_mul(2_654_435_761) >> 7) as u8).collect();
    let samples = Samples { size: 64, pixels, labels: vec![0; n] };
    let off = RunOptions { flip: false, shift: 0.0, crop: 1.0, colour: 0.0, ..Default::default() };
    let cases = [
        ("flip and shift", RunOptions { flip: true, shift: 0.1, ..off.clone() }),
        ("flip and crop", RunOptions { flip: true, crop: 0.3, ..off.clone() }),
        ("flip, crop and colour", RunOptions { flip: true, crop: 0.3, colour: 0.4, ..off }),
    ];
    let plain = median_ms(|| drop(normalize(&samples.pixels, n, 64, &preprocess)));
    println!("normalise: {:.4} ms an image of 64 pixels", plain / n as f64);
    for (name, options) in cases {
        let time = median_ms(|| drop(augment(&samples, &options, &preprocess, 1, 2)));
        println!("augment, {name}: {:.4} ms an image of 64 pixels", time / n as f64);
    }
    let photo = alexnet_data::Image { width: 500, height: 375, rgb: vec![100; 500 * 375 * 3] };
    println!("view, 500 × 375 to 64: {:.3} ms", median_ms(|| drop(preprocess_image(&photo, &preprocess))));

    let Some(data) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else { return };
    let start = Instant::now();
    let imported =
        read_path(Path::new(&data)).and_then(|files| import(files, InputSize::whole(64), 1, &mut |_, _| {}));
    match imported {
        Ok(read) => println!(
            "import at 64 pixels: {:.2} s, {:?} to learn from, {:?} for the test, {} skipped, {:?}",
            start.elapsed().as_secs_f64(),
            read.source.shards(Split::Train),
            read.source.shards(Split::Val),
            read.report.left_out.len(),
            read.source.preprocess()
        ),
        Err(error) => println!("{error}"),
    }
}

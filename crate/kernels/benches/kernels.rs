//! Benchmarks of the CPU kernels at the layer sizes of the networks, with their throughput.

use alexnet_kernels::conv2d::{Conv2d, Workspace};
use alexnet_kernels::linear::{Int8Weights, Linear};
use alexnet_kernels::matmul::MatmulWorkspace;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

/// Layer name and shape: convolutions of `alexnet-32` and `alexnet-64` at batch 64, and the second one of
/// `alexnet-224` at batch 1.
const SHAPES: [(&str, Conv2d); 6] = [
    ("32-conv2", conv(64, [32, 64], 15, 3, 1, 1)),
    ("32-conv3", conv(64, [64, 96], 7, 3, 1, 1)),
    ("64-conv1", conv(64, [3, 32], 64, 5, 2, 2)),
    ("64-conv2", conv(64, [32, 96], 15, 5, 1, 2)),
    ("64-conv4", conv(64, [192, 128], 7, 3, 1, 1)),
    ("224-conv2", conv(1, [64, 192], 27, 5, 1, 2)),
];

const fn conv(
    batch_size: usize,
    channels: [usize; 2],
    side: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> Conv2d {
    let (input, kernel) = ([side; 2], [kernel; 2]);
    Conv2d { batch_size, channels, input, kernel, stride: [stride; 2], padding: [padding; 2] }
}

struct Case {
    conv: Conv2d,
    x: Vec<f32>,
    weight: Vec<f32>,
    out: Vec<f32>,
    workspace: Workspace,
    operations: u64,
}

fn case(name: &str) -> Case {
    let conv = SHAPES
        .into_iter()
        .find(|(each, _)| *each == name)
        .map(|(_, conv)| conv)
        .expect("a shape of the table");
    let ([in_channels, out_channels], [height, width]) = (conv.channels, conv.output());
    let noise =
        |length: usize| (0..length).map(|i| ((i * 7919) % 1021) as f32 / 1021.0 - 0.5).collect::<Vec<f32>>();
    let weights = in_channels * out_channels * conv.kernel[0] * conv.kernel[1];
    let outputs = conv.batch_size * out_channels * height * width;
    Case {
        conv,
        x: noise(conv.batch_size * in_channels * conv.input[0] * conv.input[1]),
        weight: noise(weights),
        out: noise(outputs),
        workspace: Workspace::default(),
        operations: (2 * weights * outputs / out_channels) as u64,
    }
}

const NAMES: [&str; 6] = ["32-conv2", "32-conv3", "64-conv1", "64-conv2", "64-conv4", "224-conv2"];

#[divan::bench(args = NAMES)]
fn forward(bencher: Bencher, name: &str) {
    let Case { conv, x, weight, mut out, mut workspace, operations } = case(name);
    bencher
        .counter(ItemsCount::new(operations))
        .bench_local(|| conv.forward(&x, &weight, None, &mut out, &mut workspace));
}

#[divan::bench(args = NAMES)]
fn weight_gradient(bencher: Bencher, name: &str) {
    let Case { conv, x, mut weight, out, mut workspace, operations } = case(name);
    bencher
        .counter(ItemsCount::new(operations))
        .bench_local(|| conv.weight_gradient(&x, &out, &mut weight, &mut workspace));
}

#[divan::bench(args = NAMES)]
fn input_gradient(bencher: Bencher, name: &str) {
    let Case { conv, mut x, weight, out, mut workspace, operations } = case(name);
    bencher
        .counter(ItemsCount::new(operations))
        .bench_local(|| conv.input_gradient(&out, &weight, &mut x, &mut workspace));
}

/// fc6 of `alexnet-224`. For one photo the time is that of reading its 151 MB of weights from memory.
#[divan::bench(args = [1, 8])]
fn fc6(bencher: Bencher, batch_size: usize) {
    let linear = Linear { batch_size, units: [9216, 4096] };
    let (x, weight) = (vec![0.5; batch_size * 9216], vec![0.25; 9216 * 4096]);
    let (mut out, mut matmul_workspace) = (vec![0.0; batch_size * 4096], MatmulWorkspace::default());
    bencher
        .counter(BytesCount::of_slice(&weight))
        .bench_local(|| linear.forward(&x, &weight, None, &mut out, &mut matmul_workspace));
}

/// fc6 with int8 weights: a quarter of the memory traffic. At 8 photos the weights are dequantised in panels.
#[divan::bench(args = [1, 8])]
fn fc6_int8(bencher: Bencher, batch_size: usize) {
    let linear = Linear { batch_size, units: [9216, 4096] };
    let weight = Int8Weights { values: vec![32; 9216 * 4096], scales: vec![0.01; 4096] };
    let (x, bias) = (vec![0.5; batch_size * 9216], vec![0.0; 4096]);
    let (mut out, mut matmul_workspace) = (vec![0.0; batch_size * 4096], MatmulWorkspace::default());
    bencher
        .counter(BytesCount::of_slice(&weight.values))
        .bench_local(|| linear.forward_int8(&x, &weight, &bias, &mut out, &mut matmul_workspace));
}

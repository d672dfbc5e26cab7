//! Points in the plane, in two classes.

use alexnet_data::rng::{Purpose, rng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::linear::uniform;

/// A point in the square from −1 to 1, and its class, 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Both coordinates.
    pub x: [f64; 2],
    /// The class.
    pub label: usize,
}

/// How the two classes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Two half circles that reach into each other.
    Moons,
    /// A corner of the plane against the rest: two lines part them, as many as a hidden layer of two units draws.
    Corner,
    /// A disc inside a ring.
    Circles,
    /// Opposite quarters of the plane have the same class.
    Quarters,
}

/// This many points, half of them in each class, with noise of this standard deviation. `split` keeps training and test
/// points apart: the same seed with another split gives other points.
pub fn points(shape: Shape, count: usize, noise: f64, seed: u32, split: u64) -> Vec<Point> {
    let mut rng = rng(seed, Purpose::Experiment, 1, split);
    (0..count)
        .map(|i| {
            let label = i % 2;
            let [x, y] = place(shape, label, &mut rng);
            Point { x: [x + noise * normal(&mut rng), y + noise * normal(&mut rng)], label }
        })
        .collect()
}

fn place(shape: Shape, label: usize, rng: &mut ChaCha8Rng) -> [f64; 2] {
    let (a, b) = (uniform(rng), uniform(rng));
    match shape {
        Shape::Moons => {
            let (sin, cos) = libm::sincos(std::f64::consts::PI * a);
            if label == 0 { [0.6 * cos - 0.3, 0.6 * sin - 0.15] } else { [0.3 - 0.6 * cos, 0.15 - 0.6 * sin] }
        }
        Shape::Corner => {
            let inside = [0.1 + 0.8 * a, 0.1 + 0.8 * b];
            // Three squares of the same size, one of them chosen by the first number.
            let third = 3.0 * a;
            let along = third - third.floor();
            match (label, third as usize) {
                (1, _) => inside,
                (_, 0) => [-0.9 + 0.8 * along, 0.1 + 0.8 * b],
                (_, 1) => [-0.9 + 0.8 * along, -0.9 + 0.8 * b],
                _ => [0.1 + 0.8 * along, -0.9 + 0.8 * b],
            }
        }
        Shape::Circles => {
            let radius = if label == 0 { 0.35 * b.sqrt() } else { 0.6 + 0.25 * b };
            let (sin, cos) = libm::sincos(std::f64::consts::TAU * a);
            [radius * cos, radius * sin]
        }
        Shape::Quarters => {
            let (x, y) = (0.1 + 0.8 * a, 0.1 + 0.8 * b);
            let left = uniform(rng) < 0.5;
            match (label, left) {
                (0, false) => [x, y],
                (0, true) => [-x, -y],
                (_, false) => [x, -y],
                (_, true) => [-x, y],
            }
        }
    }
}

/// A number of the standard normal distribution (Box and Muller 1958).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b) = (1.0 - uniform(rng), uniform(rng));
    (-2.0 * libm::log(a)).sqrt() * libm::cos(std::f64::consts::TAU * b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_even_and_splits_differ() {
        for shape in [Shape::Moons, Shape::Corner, Shape::Circles, Shape::Quarters] {
            let train = points(shape, 200, 0.05, 1, 0);
            assert_eq!(train.iter().filter(|point| point.label == 1).count(), 100);
            assert_eq!(train, points(shape, 200, 0.05, 1, 0));
            assert_ne!(train, points(shape, 200, 0.05, 1, 1));
            assert!(train.iter().flat_map(|point| point.x).all(|x| x.abs() < 1.3));
        }
    }
}

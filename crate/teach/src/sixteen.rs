//! The experiment “sixteen networks”: a network with four units that can be dropped, trained with dropout, and every
//! thinned network that it contains.

use alexnet_data::rng::{Purpose, rng};
use serde::{Deserialize, Serialize};

use crate::mask::Mask;
use crate::mlp::{Mlp, Units};
use crate::points::{Point, Shape, points};
use crate::sgd::Sgd;
use crate::thinned::{Comparison, compare, means};

/// Units up to which every mask is listed.
const MOST_UNITS: usize = 8;

/// What the visitor can set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SixteenOptions {
    /// Units of each hidden layer; four in all.
    pub hidden: Vec<usize>,
    /// Probability of dropping a unit.
    pub p: f64,
    /// How the classes lie.
    pub shape: Shape,
    /// Points to learn from.
    pub points: usize,
    /// Standard deviation of the noise on each coordinate.
    pub noise: f64,
    /// Of the optimiser.
    pub learning_rate: f64,
    /// Of the optimiser.
    pub momentum: f64,
    /// Points a step.
    pub batch: usize,
    /// Of weights, points and masks.
    pub seed: u32,
}

impl Default for SixteenOptions {
    fn default() -> Self {
        Self {
            hidden: vec![2, 2],
            p: 0.5,
            shape: Shape::Corner,
            points: 200,
            noise: 0.03,
            learning_rate: 0.05,
            momentum: 0.9,
            batch: 20,
            seed: 1,
        }
    }
}

/// A run of the experiment: it trains when it is asked to.
#[derive(Debug, Clone)]
pub struct Sixteen {
    /// The network that trains.
    pub network: Mlp,
    /// Every mask of its hidden units, in the order of [`Mask::all`]; none where it has more than eight units.
    pub masks: Vec<Mask>,
    options: SixteenOptions,
    train: Vec<Point>,
    test: Vec<Point>,
    sgd: Sgd,
    step: u64,
}

impl Sixteen {
    /// A fresh network and its points. Test points are 500 others of the same kind.
    pub fn new(options: SixteenOptions) -> Self {
        let mut init = rng(options.seed, Purpose::Experiment, 0, 0);
        Self {
            network: Mlp::new(2, &options.hidden, 2, &mut init),
            masks: if options.hidden.iter().sum::<usize>() <= MOST_UNITS {
                Mask::all(&options.hidden)
            } else {
                Vec::new()
            },
            train: points(options.shape, options.points, options.noise, options.seed, 0),
            test: points(options.shape, 500, options.noise, options.seed, 1),
            sgd: Sgd::new(options.learning_rate, options.momentum),
            step: 0,
            options,
        }
    }

    /// The points to learn from.
    pub fn train_points(&self) -> &[Point] {
        &self.train
    }

    /// The points that it is tested on.
    pub fn test_points(&self) -> &[Point] {
        &self.test
    }

    /// What it was made with.
    pub fn options(&self) -> &SixteenOptions {
        &self.options
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Trains `steps` steps, each point of a batch under a mask of its own, and returns the mean loss of the last batch.
    pub fn train(&mut self, steps: u64) -> f64 {
        let mut loss = 0.0;
        for _ in 0..steps {
            let mut masks = rng(self.options.seed, Purpose::Experiment, 3, self.step);
            let mut sums = self.network.zeros_like();
            let batch = self.options.batch.clamp(1, self.train.len().max(1));
            loss = 0.0;
            for i in 0..batch {
                let at = (self.step as usize * batch + i) % self.train.len().max(1);
                let Some(point) = self.train.get(at) else { continue };
                let mask = Mask::draw(&self.options.hidden, self.options.p, &mut masks);
                loss += self.network.backward(&point.x, point.label, Units::Thinned(&mask), &mut sums)
                    / batch as f64;
            }
            self.sgd.step(&mut self.network, &sums, batch);
            self.step += 1;
        }
        loss
    }

    /// How the thinned networks and their means do on the test points.
    pub fn compare(&self) -> Comparison {
        compare(&self.network, &self.masks, self.options.p, &self.test)
    }

    /// The probability of class 1 on a grid over the square from −1 to 1, row by row from the top: each thinned network's,
    /// then the arithmetic mean's, the geometric mean's and the scaled network's; `(masks + 3, side, side)`.
    pub fn grid(&self, side: usize) -> Vec<f32> {
        let fields = self.masks.len() + 3;
        let mut grid = vec![0.0; fields * side * side];
        for cell in 0..side * side {
            let along = |i: usize| (2 * i + 1) as f64 / side as f64 - 1.0;
            let x = [along(cell % side), -along(cell / side)];
            let means = means(&self.network, &self.masks, self.options.p, &x);
            let rows = means.each.iter().chain([&means.arithmetic, &means.geometric, &means.scaled]);
            for (field, row) in rows.enumerate() {
                grid[field * side * side + cell] = row.get(1).copied().unwrap_or_default() as f32;
            }
        }
        grid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_sixteen_networks_beats_most_of_them() {
        let mut run = Sixteen::new(SixteenOptions::default());
        run.train(3000);
        let result = run.compare();
        let with_path: Vec<f64> = run
            .masks
            .iter()
            .zip(&result.each_error)
            .filter(|(mask, _)| mask.has_path())
            .map(|(_, error)| *error)
            .collect();
        assert_eq!(with_path.len(), 9);
        let worse = with_path.iter().filter(|error| **error >= result.scaled_error).count();
        assert!(worse >= 5, "scaled {}, each {with_path:?}", result.scaled_error);
        assert!(result.scaled_error < 0.35, "{}", result.scaled_error);
    }

    #[test]
    fn one_hidden_layer_makes_geometric_mean_and_scaled_network_the_same() {
        let mut run = Sixteen::new(SixteenOptions { hidden: vec![4], ..SixteenOptions::default() });
        run.train(1000);
        let result = run.compare();
        assert!(result.geometric_to_scaled < 1e-12, "{}", result.geometric_to_scaled);
        assert!(result.arithmetic_to_scaled > 1e-4, "{}", result.arithmetic_to_scaled);
        assert_eq!(result.geometric_error, result.scaled_error);
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_in_one_go_or_in_parts() {
        let options = SixteenOptions { seed: 9, ..SixteenOptions::default() };
        let (mut a, mut b) = (Sixteen::new(options.clone()), Sixteen::new(options));
        a.train(100);
        b.train(37);
        b.train(63);
        assert_eq!(a.network, b.network);
        assert_eq!(a.grid(8), b.grid(8));
    }

    #[test]
    fn a_grid_has_a_field_for_each_network_and_mean() {
        let run = Sixteen::new(SixteenOptions::default());
        assert_eq!(run.grid(12).len(), 19 * 144);
    }
}

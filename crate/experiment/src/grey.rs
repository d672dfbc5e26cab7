//! Images of a data set in grey, 28 pixels wide, fetched a few at a time.

use std::rc::Rc;

use alexnet::LabError;
use alexnet::data::{Dataset, Samples, Split, epoch_order};
use alexnet_protocol::messages::ExperimentError;

/// Side of the images in pixels.
pub const SIDE: usize = 28;
/// Images fetched at once.
const SLICE: usize = 500;

/// Images that are being fetched: training images, then test images.
pub struct GreyImages {
    images: Rc<dyn Dataset>,
    /// What is still to fetch, the last first.
    left: Vec<(Split, Vec<u32>)>,
    slices: usize,
    /// Training images `(count, 784)`, from 0 to 1.
    pub train: Vec<f32>,
    /// Their classes.
    pub train_labels: Vec<u32>,
    /// Test images: validation images of the data set.
    pub test: Vec<f32>,
    /// Their classes.
    pub test_labels: Vec<u32>,
}

impl GreyImages {
    /// At most this many training and test images.
    ///
    /// # Errors
    /// No images.
    pub fn new(images: Option<&Rc<dyn Dataset>>, [train, test]: [usize; 2]) -> Result<Self, ExperimentError> {
        let images = images.ok_or(ExperimentError::NoImages)?.clone();
        let mut left = Vec::new();
        for (split, most) in [(Split::Val, test), (Split::Train, train)] {
            // The same for every seed. A data set in memory can lie class by class, so its order is mixed.
            let mut chosen = epoch_order(&images.shards(split), 0, 0, 0);
            chosen.truncate(most);
            if chosen.is_empty() {
                return Err(ExperimentError::NoImages);
            }
            let slices: Vec<_> = chosen.chunks(SLICE).map(|slice| (split, slice.to_vec())).collect();
            left.extend(slices.into_iter().rev());
        }
        let slices = left.len();
        Ok(Self {
            images,
            left,
            slices,
            train: Vec::new(),
            train_labels: Vec::new(),
            test: Vec::new(),
            test_labels: Vec::new(),
        })
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.images.labels().len()
    }

    /// Whether all are there.
    pub fn is_complete(&self) -> bool {
        self.left.is_empty()
    }

    /// The share that is there.
    pub fn share(&self) -> f64 {
        1.0 - self.left.len() as f64 / self.slices.max(1) as f64
    }

    /// Fetches the next images.
    ///
    /// # Errors
    /// Images that cannot be fetched.
    pub async fn advance(&mut self) -> Result<(), ExperimentError> {
        let Some((split, indices)) = self.left.pop() else { return Ok(()) };
        let samples = self.images.fetch(split, &indices).await.map_err(LabError::from)?;
        let (pixels, labels) = match split {
            Split::Train => (&mut self.train, &mut self.train_labels),
            Split::Val => (&mut self.test, &mut self.test_labels),
        };
        for i in 0..samples.len() {
            pixels.extend(grey(&samples, i));
        }
        labels.extend(&samples.labels);
        Ok(())
    }
}

/// An image in grey, by the nearest pixels.
fn grey(samples: &Samples, index: usize) -> Vec<f32> {
    let side = samples.size as usize;
    let image = samples.image(index).unwrap_or_default();
    let at = |i: usize| (2 * i + 1) * side / (2 * SIDE);
    let pixel = |row: usize, column: usize| {
        let from = (at(row) * side + at(column)) * 3;
        let sum: f32 = image.get(from..from + 3).unwrap_or_default().iter().map(|v| f32::from(*v)).sum();
        sum / (3.0 * 255.0)
    };
    (0..SIDE * SIDE).map(|i| pixel(i / SIDE, i % SIDE)).collect()
}

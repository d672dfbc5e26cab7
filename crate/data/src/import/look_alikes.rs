//! Finds images that look alike: bursts of a camera and copies.
//!
//! A fingerprint is a difference hash (Krawetz 2013: which of two neighbouring cells is brighter; 8 × 8 bits for
//! neighbours side by side and as many for those one above the other) and the colours of 4 × 4 cells. Shots of one burst follow each other by name, so only neighbours are compared; copies have the
//! same hash wherever they are.

use std::collections::HashMap;

/// Cells of the hash: with one more along each axis.
const SIDE: usize = 8;
const LONG: usize = SIDE + 1;
const CELLS: usize = 4;

/// Hashes of neighbours that differ in at most this many of 128 bits are of one scene. Unrelated photos differ in 64 ± 6.
const NEAR_BITS: u32 = 20;
/// Levels by which the colours of one scene may differ on average.
const NEAR_COLOUR: u32 = 24;
/// Levels by which the colours of copies may differ on average: they were saved at another quality or size.
const COPY_COLOUR: u32 = 6;
/// Images before an image, in the order of their names, that it is compared with.
const NEIGHBOURS: usize = 8;
/// Images of the same hash that an image is compared with.
const COPIES: usize = 8;

/// What is compared of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    bits: u128,
    colours: [u8; CELLS * CELLS * 3],
}

impl Fingerprint {
    /// Of an image of `[size, size, 3]` bytes.
    pub fn of(rgb: &[u8], size: usize) -> Self {
        let brightness = |[r, g, b]: [u32; 3]| 299 * r + 587 * g + 114 * b;
        let wide = cells::<{ LONG * SIDE }>(rgb, size, LONG).map(brightness);
        let tall = cells::<{ LONG * SIDE }>(rgb, size, SIDE).map(brightness);
        let mut bits = 0;
        let mut push =
            |first: Option<&u32>, second: Option<&u32>| bits = bits << 1 | u128::from(first > second);
        for cell in (0..LONG * SIDE).filter(|cell| cell % LONG < SIDE) {
            push(wide.get(cell), wide.get(cell + 1));
        }
        for cell in 0..SIDE * SIDE {
            push(tall.get(cell), tall.get(cell + SIDE));
        }
        let mut colours = [0; CELLS * CELLS * 3];
        let means = cells::<{ CELLS * CELLS }>(rgb, size, CELLS);
        for (to, from) in colours.iter_mut().zip(means.into_iter().flatten()) {
            *to = from as u8;
        }
        Self { bits, colours }
    }

    /// Whether both may be shots of one scene.
    fn is_near(&self, other: &Self) -> bool {
        (self.bits ^ other.bits).count_ones() <= NEAR_BITS && self.colour_distance(other) <= NEAR_COLOUR
    }

    fn is_copy(&self, other: &Self) -> bool {
        self.bits == other.bits && self.colour_distance(other) <= COPY_COLOUR
    }

    fn colour_distance(&self, other: &Self) -> u32 {
        let sum: u32 = self.colours.iter().zip(&other.colours).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        sum / (CELLS * CELLS * 3) as u32
    }
}

/// Mean colours of the cells of a grid with `columns` columns and `N / columns` rows.
fn cells<const N: usize>(rgb: &[u8], size: usize, columns: usize) -> [[u32; 3]; N] {
    let rows = N / columns;
    let pixels = rgb.as_chunks::<3>().0;
    std::array::from_fn(|cell| {
        let span = |at: usize, of: usize| {
            let from = at * size / of;
            from..((at + 1) * size / of).max(from + 1).min(size)
        };
        let (mut sum, mut count) = ([0u32; 3], 0);
        for y in span(cell / columns, rows) {
            for x in span(cell % columns, columns) {
                for (sum, value) in sum.iter_mut().zip(pixels.get(y * size + x).copied().unwrap_or_default())
                {
                    *sum += u32::from(value);
                }
                count += 1;
            }
        }
        sum.map(|sum| sum / count.max(1))
    })
}

/// The groups of images that look alike, a single image among them: for each image, the first image of its group.
/// The images are of one class, in the order of their names.
pub(super) fn groups(prints: &[Fingerprint]) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..prints.len()).collect();
    let mut same: HashMap<u128, Vec<usize>> = HashMap::new();
    for (at, print) in prints.iter().enumerate() {
        let near = (at.saturating_sub(NEIGHBOURS)..at)
            .filter(|&other| prints.get(other).is_some_and(|other| other.is_near(print)));
        let copies = same.entry(print.bits).or_default();
        let copied =
            copies.iter().copied().filter(|&other| prints.get(other).is_some_and(|o| o.is_copy(print)));
        for other in near.chain(copied).collect::<Vec<_>>() {
            let (a, b) = (root(&mut parents, other), root(&mut parents, at));
            if let Some(parent) = parents.get_mut(a.max(b)) {
                *parent = a.min(b);
            }
        }
        if copies.len() < COPIES {
            copies.push(at);
        }
    }
    (0..prints.len()).map(|at| root(&mut parents, at)).collect()
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while let Some(&parent) = parents.get(at)
        && parent != at
    {
        let above = parents.get(parent).copied().unwrap_or(parent);
        if let Some(place) = parents.get_mut(at) {
            *place = above;
        }
        at = above;
    }
    at
}

/// Sorts names as people count: `frame_2` before `frame_10`.
pub(super) fn natural_key(path: &str) -> String {
    let mut key = String::with_capacity(path.len() + 20);
    let mut digits = String::new();
    for c in path.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{:0>20}", digits.trim_start_matches('0')));
            digits.clear();
        }
        key.push(c);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scene of coloured waves, moved by a few pixels.
    fn shot(scene: u32, jitter: u32) -> Fingerprint {
        let size = 64u32;
        let mut rgb = Vec::new();
        for y in 0..size {
            for x in 0..size {
                let (x, y) = ((x + jitter % 3) as f64, (y + jitter % 2) as f64);
                let phase = f64::from(scene) * 1.7;
                let wave = (x / (6.0 + 3.0 * phase.sin()) + phase).sin()
                    + (y / (9.0 + phase) + x / 30.0 * phase).cos();
                for c in 0..3 {
                    rgb.push((128.0 + 50.0 * wave + f64::from(c) * 10.0 + f64::from(jitter % 5)) as u8);
                }
            }
        }
        Fingerprint::of(&rgb, size as usize)
    }

    #[test]
    fn shots_of_a_scene_are_one_group_and_scenes_are_not() {
        let prints: Vec<_> = (0..60).map(|n| shot(n / 20, n)).collect();
        let groups = groups(&prints);
        for (at, group) in groups.iter().enumerate() {
            assert_eq!(*group, at / 20 * 20, "{at}");
        }
    }

    #[test]
    fn a_copy_is_found_far_away() {
        let mut prints: Vec<_> = (0..40).map(|scene| shot(scene, 0)).collect();
        prints.push(shot(3, 0));
        assert_eq!(groups(&prints)[40], groups(&prints)[3]);
    }

    #[test]
    fn numbers_sort_as_numbers() {
        let mut names = ["a/10.jpg", "a/9.jpg", "a/b2.jpg"];
        names.sort_by_key(|name| natural_key(name));
        assert_eq!(names, ["a/9.jpg", "a/10.jpg", "a/b2.jpg"]);
    }
}

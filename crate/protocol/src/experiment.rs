//! Experiments: what one declares, what its runs report, and what the result says.
//!
//! An experiment tests a claim of the paper or of its sources. It is declared once, in
//! [`experiments`](crate::experiments). The crate `alexnet-experiment` runs it, on the page, on the command line
//! and in tests alike: it plans runs (one arm, one seed), each run reports curves and values, and a summary of the
//! reports gives the outcome.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::message::Message;

/// The declaration of an experiment. All texts are English; the page shows them from its catalogue, under the keys
/// of [`Experiment::texts`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Experiment {
    /// Its name in addresses and on the command line.
    pub name: &'static str,
    /// A few words: the heading.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub title: &'static str,
    /// The claim, in a sentence.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub claim: &'static str,
    /// What the visitor is asked before anything runs.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub question: &'static str,
    /// The answers to choose from. [`Outcome::answer`] names the one that was measured.
    pub answers: &'static [Answer],
    /// Who made the claim and where: names, year, figure or section.
    pub source: &'static str,
    /// The address of the source.
    pub source_url: &'static str,
    /// The published figures.
    pub published: &'static [Published],
    /// What the visitor can change.
    pub settings: &'static [Setting],
    /// Values of the settings to start from. The first is the default, and one shows where the claim fails.
    pub presets: &'static [Preset],
    /// Number of seeds that are run unless told otherwise.
    pub seeds: u32,
    /// The images that the runs need.
    pub data: ExperimentData,
    /// What the main figure shows.
    pub figure: Figure,
    /// What was varied and held, and why the effect exists. Shown after the run.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub explanation: &'static str,
    /// Why the result here can differ from the published one.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub difference: &'static str,
    /// What to try next.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub next: &'static str,
    /// Files of this project that do the work, from its root.
    pub code: &'static [&'static str],
}

/// An answer to the question of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Answer {
    /// Its name in addresses and files.
    pub name: &'static str,
    /// The words.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub text: &'static str,
}

/// A published figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Published {
    /// Its name, the name of a value of [`Outcome::values`] where both can be compared.
    pub name: &'static str,
    /// What it is, in words.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub text: &'static str,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
}

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Unit {
    /// A share of 1, shown as a percentage.
    Percent,
    /// A difference of two percentages, in percentage points.
    Points,
    /// A factor: 6 is shown as "6 times".
    Times,
    /// A count.
    Count,
    /// A plain number.
    Number,
}

/// Something that the visitor can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Setting {
    /// Its name in addresses and on the command line.
    pub name: &'static str,
    /// The label of the control.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub title: &'static str,
    /// The values to choose from.
    pub choices: &'static [Answer],
}

/// Values of some settings under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// The label of the button.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub title: &'static str,
    /// Name and value of each setting.
    pub values: &'static [(&'static str, &'static str)],
    /// Whether the claim is expected to fail here.
    pub fails: bool,
}

/// The images that an experiment needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum ExperimentData {
    /// None: its points are drawn.
    None,
    /// A data set of images, Fashion-MNIST unless another is named.
    Images,
}

/// The main figure of an experiment: its axes and how the runs are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Figure {
    /// How it is drawn.
    pub kind: FigureKind,
    /// The curve of [`RunReport::curves`] that is drawn, or the value that is compared.
    pub measure: &'static str,
    /// The label of the horizontal axis.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub x: &'static str,
    /// The label of the vertical axis.
    #[serde(skip)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub y: &'static str,
    /// The unit of the vertical axis.
    pub unit: Unit,
    /// The published curves or points on the same axes, redrawn from numbers.
    pub published: &'static [PublishedCurve],
}

/// How the main figure of an experiment is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum FigureKind {
    /// A line for each arm, with the spread of its seeds.
    Curves,
    /// A dot for each seed of each arm, and the mean.
    Dots,
    /// A cell for each arm, named `row/column`.
    HeatMap,
}

/// A published curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PublishedCurve {
    /// The arm that it belongs to.
    pub arm: &'static str,
    /// Points `(x, y)`.
    pub points: &'static [(f32, f32)],
}

/// The chosen value of each setting, by name. What is missing has the value of the first preset.
pub type Settings = BTreeMap<String, String>;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum RunStage {
    /// Finds the best learning rate of an arm.
    Sweep,
    /// Is measured.
    Main,
}

/// One run of an experiment: an arm with a seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunSpec {
    /// The arm: what this run has and others have not. Names are not translated: `relu`, `p=0.5`.
    pub arm: String,
    /// The seed of weights, order of images and masks.
    pub seed: u32,
    /// What the run is for.
    pub stage: RunStage,
    /// The learning rate, where the experiment finds the best one for each arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub learning_rate: Option<f64>,
    /// Expected work, in units of a second on the reference machine (`docs/measurements.md`).
    pub seconds: f64,
}

/// A curve of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Curve {
    /// What it shows: `trainError`, `valError`, `trainLoss`, …
    pub name: String,
    /// Horizontal values, rising.
    pub x: Vec<f32>,
    /// Vertical values, as many.
    pub y: Vec<f32>,
}

/// What a run has measured, after it or so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunReport {
    /// The run.
    pub spec: RunSpec,
    /// Its share that is done, 0 to 1.
    pub done: f64,
    /// Its curves.
    pub curves: Vec<Curve>,
    /// Single figures by name: `valError`, `epochsTo25`, …
    pub values: BTreeMap<String, f64>,
    /// What there is to see beside curves.
    pub pictures: Vec<Picture>,
}

/// Something to see in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Picture {
    /// Networks that classify points of the plane.
    Networks {
        /// Points per side of each field.
        side: u32,
        /// The networks, in order.
        networks: Vec<PlaneNetwork>,
        /// The training points.
        points: Vec<PlanePoint>,
    },
    /// Small images side by side: features, filters, reconstructions.
    Images {
        /// A name: `features`, `reconstructions`, …
        name: String,
        /// Side of each image in pixels.
        side: u32,
        /// 1 (grey) or 3 (RGB).
        channels: u32,
        /// The images, `side · side · channels` bytes each, row by row.
        images: Vec<Vec<u8>>,
    },
    /// Histograms, one for each name.
    Histograms {
        /// A name: `preActivations`, `activations`, `gradients`, …
        name: String,
        /// The histograms.
        histograms: Vec<Histogram>,
    },
    /// A bar for each of many units.
    Bars {
        /// A name: `removedUnit`, …
        name: String,
        /// Their heights.
        values: Vec<f32>,
    },
    /// A table of numbers.
    Matrix {
        /// A name: `agreement`, …
        name: String,
        /// Labels of the rows.
        rows: Vec<String>,
        /// Labels of the columns.
        columns: Vec<String>,
        /// Row by row.
        values: Vec<f32>,
    },
}

/// A network that classifies points of the plane into two classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PlaneNetwork {
    /// `mask`, or `arithmetic`, `geometric`, `scaled` for the means.
    pub kind: String,
    /// For each hidden layer, which units are kept. Empty for means.
    pub mask: Vec<Vec<bool>>,
    /// Whether some path leads from the input to the output.
    pub has_path: bool,
    /// Error rate on the test points.
    pub error: f64,
    /// Probability of class 1, 0 to 255, on `side · side` points of the square from −1 to 1, row by row from the top.
    pub field: Vec<u8>,
}

/// A labelled point of the plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PlanePoint {
    /// Horizontal, −1 to 1.
    pub x: f32,
    /// Vertical, −1 to 1.
    pub y: f32,
    /// 0 or 1.
    pub label: u32,
}

/// A histogram with bins of equal width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Histogram {
    /// The layer, or what is counted.
    pub name: String,
    /// Lower edge of the first bin.
    pub from: f32,
    /// Upper edge of the last bin.
    pub to: f32,
    /// How many values lie in each bin.
    pub counts: Vec<u32>,
}

/// An arm's values over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ArmSummary {
    /// The arm.
    pub arm: String,
    /// The best learning rate, where it was searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub learning_rate: Option<f64>,
    /// The value of each seed, in the order of the seeds. Not a number where a run did not reach it.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
}

/// The result of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Outcome {
    /// The figure to hold against the first published one, or null if no run reached it.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// The answer that was measured: a name of [`Experiment::answers`].
    pub answer: String,
    /// The result in words.
    #[cfg_attr(feature = "typescript", ts(type = "{ code: string; params: Record<string, unknown> }[]"))]
    pub verdict: Vec<Message>,
    /// Further figures by name; those of [`Published::name`] can be compared.
    pub values: BTreeMap<String, f64>,
    /// Every arm's values of [`Figure::measure`].
    pub arms: Vec<ArmSummary>,
}

impl Experiment {
    /// The key of a text in the page's catalogue: `reluClaim`, `responseNormAnswerWorse`.
    pub fn key(&self, parts: &[&str]) -> String {
        let words =
            std::iter::once(&self.name).chain(parts).flat_map(|part| part.split(['-', '=', '.', '/', ' ']));
        words
            .filter(|word| !word.is_empty())
            .enumerate()
            .map(|(i, word)| match (i, word.chars().next()) {
                (0, _) | (_, None) => word.to_owned(),
                (_, Some(first)) => format!("{}{}", first.to_uppercase(), &word[first.len_utf8()..]),
            })
            .collect()
    }

    /// Every text that a person reads, with its key.
    pub fn texts(&self) -> Vec<(String, &'static str)> {
        let mut texts = vec![
            (self.key(&["title"]), self.title),
            (self.key(&["claim"]), self.claim),
            (self.key(&["question"]), self.question),
        ];
        texts.extend(self.answers.iter().map(|answer| (self.key(&["answer", answer.name]), answer.text)));
        texts
            .extend(self.published.iter().map(|figure| (self.key(&["published", figure.name]), figure.text)));
        for setting in self.settings {
            texts.push((self.key(&["setting", setting.name]), setting.title));
            let choices = setting.choices.iter();
            texts.extend(
                choices.map(|choice| (self.key(&["setting", setting.name, choice.name]), choice.text)),
            );
        }
        texts.extend(self.presets.iter().map(|preset| (self.key(&["preset", preset.name]), preset.title)));
        texts.extend([
            (self.key(&["axis", "x"]), self.figure.x),
            (self.key(&["axis", "y"]), self.figure.y),
            (self.key(&["explanation"]), self.explanation),
            (self.key(&["difference"]), self.difference),
            (self.key(&["next"]), self.next),
        ]);
        texts
    }

    /// The value of a setting: the chosen one, else that of the first preset, else the first choice.
    ///
    /// # Errors
    /// The name, if there is no such setting or the chosen value is not one of its choices.
    pub fn setting<'a>(&self, settings: &'a Settings, name: &str) -> Result<&'a str, SettingError>
    where
        'static: 'a,
    {
        let unknown = || SettingError { setting: name.to_owned() };
        let setting = self.settings.iter().find(|setting| setting.name == name).ok_or_else(unknown)?;
        let chosen = match settings.get(name) {
            Some(chosen) => chosen.as_str(),
            None => {
                let preset = self
                    .presets
                    .first()
                    .and_then(|preset| preset.values.iter().find(|(key, _)| *key == name));
                let first = setting.choices.first().map(|choice| choice.name);
                preset.map(|(_, value)| *value).or(first).ok_or_else(unknown)?
            }
        };
        setting.choices.iter().any(|choice| choice.name == chosen).then_some(chosen).ok_or_else(unknown)
    }

    /// Checks that every chosen setting exists and has one of its choices.
    ///
    /// # Errors
    /// The first setting that does not.
    pub fn check(&self, settings: &Settings) -> Result<(), SettingError> {
        settings.keys().try_for_each(|name| self.setting(settings, name).map(|_| ()))
    }
}

/// A setting that an experiment does not have, or a value that it does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The name of the setting.
    pub setting: String,
}

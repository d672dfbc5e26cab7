//! Weight averaging over several trained networks ("model soup").

use crate::error::LabError;
use crate::format::Checkpoint;
use crate::protocol::NetworkConfig;
use crate::session::same_classes;

/// Averages the weights of several models into one network. For models fine-tuned from the same weights the
/// result is nearly as good as an ensemble of them, at the cost of one (Wortsman et al. 2022, "Model soups").
/// Labels, preprocessing and origin are those of the first model. The calibration is dropped.
///
/// # Errors
/// [`LabError`] if there are fewer than two models, or if their layers, widths or classes differ.
pub fn average(models: &[Checkpoint]) -> Result<Checkpoint, LabError> {
    let ([first, rest @ ..], true) = (models, models.len() > 1) else {
        return Err(LabError::AverageOne);
    };
    let mut mean = Checkpoint { calibration: None, run: None, ..first.clone() };
    for model in rest {
        // Dropout is off at inference, so the runs may have used different rates.
        let network = NetworkConfig { dropout: first.network.dropout, ..model.network };
        if network != first.network
            || !same_classes(&model.labels, &first.labels)
            || !shapes(model).eq(shapes(first))
        {
            return Err(LabError::AverageKinds);
        }
        for (sum, tensor) in mean.tensors.values_mut().zip(model.tensors.values()) {
            sum.data.iter_mut().zip(&tensor.data).for_each(|(sum, value)| *sum += value);
        }
    }
    let share = 1.0 / models.len() as f32;
    mean.tensors.values_mut().flat_map(|tensor| &mut tensor.data).for_each(|value| *value *= share);
    Ok(mean)
}

/// Names and shapes of the tensors.
fn shapes(model: &Checkpoint) -> impl Iterator<Item = (&String, &[usize])> {
    model.tensors.iter().map(|(name, tensor)| (name, tensor.shape.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Architecture;
    use crate::format::Tensor;
    use crate::protocol::{ClassLabel, Preprocess, RunOptions};
    use crate::session::network_config;

    /// A model whose weights all have one value.
    fn model(value: f32, dropout: f64, class: &str) -> Checkpoint {
        let options = RunOptions { width: 0.125, dropout, ..RunOptions::default() };
        let network = network_config(&options, 2);
        let layers = Architecture::new(network).unwrap().layers;
        let tensors = layers.iter().flat_map(|layer| layer.tensors()).map(|(name, shape, _)| {
            let data = vec![value; shape.iter().product()];
            (name, Tensor { shape, data })
        });
        Checkpoint {
            network,
            labels: ["cat", class].map(|id| ClassLabel { id: id.into(), name: id.into() }).to_vec(),
            preprocess: Preprocess { resize: 32, crop: 32, mean: [0.5; 3], std: [0.25; 3] },
            calibration: None,
            origin: Some(format!("{value}")),
            tensors: tensors.collect(),
            run: None,
        }
    }

    #[test]
    fn averaged_weights_are_the_mean() {
        let mean =
            average(&[model(1.0, 0.5, "dog"), model(2.0, 0.1, "dog"), model(6.0, 0.5, "dog")]).unwrap();
        assert!(
            mean.tensors.values().flat_map(|tensor| &tensor.data).all(|value| (value - 3.0).abs() < 1e-6)
        );
        assert_eq!(mean.origin.as_deref(), Some("1"));
    }

    #[test]
    fn models_that_differ_are_not_averaged() {
        let sentence = |models: &[Checkpoint]| average(models).unwrap_err().to_string();
        assert!(sentence(&[]).contains("two models at least"));
        assert!(sentence(&[model(1.0, 0.5, "dog")]).contains("two models at least"));
        assert!(
            sentence(&[model(1.0, 0.5, "dog"), model(1.0, 0.5, "fox")])
                .contains("same layers, width and classes")
        );
        let mut other = model(1.0, 0.5, "dog");
        other.tensors.remove("classifier.6.bias");
        assert!(sentence(&[model(1.0, 0.5, "dog"), other]).contains("same layers, width and classes"));
    }
}

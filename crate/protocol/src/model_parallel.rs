//! One of two towers: half of every layer's outputs, and where the halves have to be joined.
//!
//! In the paper's figure 2 the cards exchange what conv3 and the fully connected layers read; conv2, conv4 and
//! conv5, the normalisation and the pooling see their own tower alone, and the picture goes to both.

use std::ops::Range;

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::messages::NetworkError;

/// Layers that a tower computes without looking at the other.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSegment {
    /// Whether its input is that of both towers, in their order along the channels; else the tower's own.
    pub joined: bool,
    /// Its layers, with the tower's shapes.
    pub layers: Vec<LayerSpec>,
}

/// Which of `count` channels, units or classes a tower holds; the first holds one more of an odd number.
pub fn share(count: usize, towers: usize, tower: usize) -> Range<usize> {
    let start = |tower: usize| (count * tower).div_ceil(towers.max(1));
    start(tower)..start(tower + 1)
}

impl Architecture {
    /// Whether a layer's outputs depend on the whole input of a network in two towers, so that the halves have to be
    /// joined before it. The first convolution reads the picture, which both towers have.
    pub fn reads_both(&self, index: usize) -> bool {
        let Some(layer) = self.layers.get(index).filter(|_| self.towers > 1 && index > 0) else {
            return false;
        };
        match layer.kind {
            LayerKind::Conv2d { groups, .. } | LayerKind::ResponseNorm { groups, .. } => groups == 1,
            LayerKind::Linear => true,
            _ => false,
        }
    }

    /// Half of the network: its layers in segments, between which the halves are joined.
    ///
    /// # Errors
    /// A sentence for a network in one piece, for one that normalises responses across the towers, and for a single
    /// class, which cannot be halved.
    pub fn tower(&self, tower: usize) -> Result<Vec<GroupSegment>, NetworkError> {
        let network = self.config.network;
        if self.towers != 2 || tower >= self.towers {
            return Err(NetworkError::OnePiece { network: network.name() });
        }
        if self.config.classes < 2 {
            return Err(NetworkError::OneClass);
        }
        let mut segments = vec![GroupSegment { joined: false, layers: Vec::new() }];
        for (index, layer) in self.layers.iter().enumerate() {
            let across = matches!(layer.kind, LayerKind::ResponseNorm { groups: 1, .. });
            if across {
                return Err(NetworkError::AcrossTowers { norm: self.config.response_norm.name() });
            }
            // A dropout layer thins what its fully connected layer reads.
            let thins = matches!(layer.kind, LayerKind::Dropout(_));
            let thinned = index > 0 && matches!(self.layers[index - 1].kind, LayerKind::Dropout(_));
            if thins || (self.reads_both(index) && !thinned) {
                segments.push(GroupSegment { joined: true, layers: Vec::new() });
            }
            if let Some(segment) = segments.last_mut() {
                let whole_input = segment.joined && segment.layers.iter().all(keeps_input);
                segment.layers.push(self.half(layer, tower, index == 0 || whole_input));
            }
        }
        Ok(segments)
    }

    fn half(&self, layer: &LayerSpec, tower: usize, whole_input: bool) -> LayerSpec {
        let mine = |[channels, height, width]: [usize; 3]| {
            [share(channels, self.towers, tower).len(), height, width]
        };
        let mut half = layer.clone();
        if !whole_input {
            half.input = mine(layer.input);
        }
        if !matches!(layer.kind, LayerKind::Dropout(_)) {
            half.output = mine(layer.output);
        }
        // What was apart is whole within its tower.
        match &mut half.kind {
            LayerKind::Conv2d { groups, .. } | LayerKind::ResponseNorm { groups, .. } => *groups = 1,
            _ => {}
        }
        half
    }
}

fn keeps_input(layer: &LayerSpec) -> bool {
    matches!(layer.kind, LayerKind::Dropout(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Network, NetworkConfig, Normalization, ResponseNorm};

    fn architecture(network: Network, classes: u32, response_norm: ResponseNorm) -> Architecture {
        Architecture::new(NetworkConfig {
            network,
            classes,
            width: 1.0,
            activation: Activation::Relu,
            normalization: Normalization::None,
            response_norm,
            dropout: 0.5,
        })
        .unwrap()
    }

    #[test]
    fn joined_where_the_figure_crosses() {
        let net = architecture(Network::AlexNet2012, 1000, ResponseNorm::Paper);
        let segments = net.tower(1).unwrap();
        let begin: Vec<_> = segments.iter().map(|s| (s.joined, s.layers[0].name.as_str())).collect();
        assert_eq!(
            begin,
            [(false, "conv1"), (true, "conv3"), (true, "drop6"), (true, "drop7"), (true, "fc8")]
        );
        let find = |name: &str| {
            let layer = segments.iter().flat_map(|s| &s.layers).find(|layer| layer.name == name).unwrap();
            (layer.input[0], layer.output[0])
        };
        for (name, channels) in [
            ("conv1", (3, 48)),
            ("conv2", (48, 128)),
            ("conv3", (256, 192)),
            ("conv4", (192, 192)),
            ("conv5", (192, 128)),
            ("drop6", (256, 256)),
            ("fc6", (256, 2048)),
            ("fc7", (4096, 2048)),
            ("fc8", (4096, 500)),
        ] {
            assert_eq!(find(name), channels, "{name}");
        }
    }

    #[test]
    fn two_halves_are_the_whole() {
        for classes in [2, 7, 10] {
            let net = architecture(Network::AlexNet2012At32, classes, ResponseNorm::Paper);
            let tensors = |tower| -> Vec<(String, Vec<usize>, bool)> {
                let segments = net.tower(tower).unwrap();
                segments.iter().flat_map(|s| &s.layers).flat_map(LayerSpec::tensors).collect()
            };
            let whole: Vec<_> = net.layers.iter().flat_map(LayerSpec::tensors).collect();
            for ((a, b), (name, shape, _)) in tensors(0).into_iter().zip(tensors(1)).zip(whole) {
                assert_eq!((&a.0, &b.0), (&name, &name));
                assert_eq!(a.1[0] + b.1[0], shape[0], "{name}");
                assert_eq!((&a.1[1..], &b.1[1..]), (&shape[1..], &shape[1..]), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_pair_of_towers_is_refused() {
        assert!(architecture(Network::AlexNet32, 10, ResponseNorm::Paper).tower(0).is_err());
        let across =
            architecture(Network::AlexNet2012At32, 10, ResponseNorm::Bvlc).tower(0).unwrap_err().to_string();
        assert!(across.contains("choose paper or none"), "{across}");
        assert!(architecture(Network::AlexNet2012At32, 1, ResponseNorm::Paper).tower(0).is_err());
    }
}

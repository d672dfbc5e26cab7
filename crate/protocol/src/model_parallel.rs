//! Model parallelism over two groups (the paper's towers): half of every layer's outputs, and the points
//! where the halves are exchanged.
//!
//! In figure 2 of the paper the two GPUs exchange the inputs of conv3 and of the fully connected layers.
//! conv2, conv4, conv5, normalisation and pooling read their own half alone. Both GPUs get the image.

use std::ops::Range;

use crate::architecture::{Architecture, LayerKind, LayerSpec};
use crate::messages::NetworkError;

/// Consecutive layers that a group computes without an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSegment {
    /// Whether its input is that of both groups, concatenated along the channels, or only the group's own.
    pub joined: bool,
    /// Its layers, with the group's shapes.
    pub layers: Vec<LayerSpec>,
}

/// The range of `count` channels, units or classes that a group holds. If the number is odd, the first group
/// holds one more.
pub fn group_range(count: usize, groups: usize, group: usize) -> Range<usize> {
    let start = |group: usize| (count * group).div_ceil(groups.max(1));
    start(group)..start(group + 1)
}

impl Architecture {
    /// Whether a layer needs the concatenated outputs of both groups. Not the first convolution, which reads
    /// the image.
    pub fn reads_both_groups(&self, index: usize) -> bool {
        let Some(layer) = self.layers.get(index).filter(|_| self.groups > 1 && index > 0) else {
            return false;
        };
        match layer.kind {
            LayerKind::Conv2d { groups, .. } | LayerKind::ResponseNorm { groups, .. } => groups == 1,
            LayerKind::Linear => true,
            _ => false,
        }
    }

    /// Half of the network: its layers in segments, with an exchange between segments.
    ///
    /// # Errors
    /// A sentence if the network does not have two groups, normalises responses across groups, or has a
    /// single class.
    pub fn group_segments(&self, group: usize) -> Result<Vec<GroupSegment>, NetworkError> {
        let network = self.config.network;
        if self.groups != 2 || group >= self.groups {
            return Err(NetworkError::OnePiece { network: network.name() });
        }
        if self.config.classes < 2 {
            return Err(NetworkError::OneClass);
        }
        let mut segments = vec![GroupSegment { joined: false, layers: Vec::new() }];
        for (index, layer) in self.layers.iter().enumerate() {
            let across_groups = matches!(layer.kind, LayerKind::ResponseNorm { groups: 1, .. });
            if across_groups {
                return Err(NetworkError::AcrossTowers { norm: self.config.response_norm.name() });
            }
            // A dropout layer belongs to the fully connected layer after it.
            let is_dropout_layer = matches!(layer.kind, LayerKind::Dropout(_));
            let follows_dropout = index > 0 && matches!(self.layers[index - 1].kind, LayerKind::Dropout(_));
            if is_dropout_layer || (self.reads_both_groups(index) && !follows_dropout) {
                segments.push(GroupSegment { joined: true, layers: Vec::new() });
            }
            if let Some(segment) = segments.last_mut() {
                let whole_input = segment.joined && segment.layers.iter().all(is_dropout);
                segment.layers.push(self.group_layer(layer, group, index == 0 || whole_input));
            }
        }
        Ok(segments)
    }

    fn group_layer(&self, layer: &LayerSpec, group: usize, whole_input: bool) -> LayerSpec {
        let own_part = |[channels, height, width]: [usize; 3]| {
            [group_range(channels, self.groups, group).len(), height, width]
        };
        let mut part = layer.clone();
        if !whole_input {
            part.input = own_part(layer.input);
        }
        if !matches!(layer.kind, LayerKind::Dropout(_)) {
            part.output = own_part(layer.output);
        }
        // Within one group there is one group.
        match &mut part.kind {
            LayerKind::Conv2d { groups, .. } | LayerKind::ResponseNorm { groups, .. } => *groups = 1,
            _ => {}
        }
        part
    }
}

fn is_dropout(layer: &LayerSpec) -> bool {
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
    fn segments_start_where_the_papers_figure_connects_the_groups() {
        let net = architecture(Network::AlexNet2012, 1000, ResponseNorm::Paper);
        let segments = net.group_segments(1).unwrap();
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
    fn shapes_of_both_groups_add_up() {
        for classes in [2, 7, 10] {
            let net = architecture(Network::AlexNet2012At32, classes, ResponseNorm::Paper);
            let tensors = |group| -> Vec<(String, Vec<usize>, bool)> {
                let segments = net.group_segments(group).unwrap();
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
    fn networks_without_two_groups_are_rejected() {
        assert!(architecture(Network::AlexNet32, 10, ResponseNorm::Paper).group_segments(0).is_err());
        let across_groups = architecture(Network::AlexNet2012At32, 10, ResponseNorm::Bvlc)
            .group_segments(0)
            .unwrap_err()
            .to_string();
        assert!(across_groups.contains("choose paper or none"), "{across_groups}");
        assert!(architecture(Network::AlexNet2012At32, 1, ResponseNorm::Paper).group_segments(0).is_err());
    }
}

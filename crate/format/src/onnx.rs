//! ONNX export: the network as a graph with its weights.
//!
//! Input: `input`, `[batch, 3, side, side]`, pixels normalised as the file's `preprocess` says. Output: `logits`,
//! `[batch, classes]`. Dropout is left out, since it does nothing outside of training. Messages and field numbers are
//! those of onnx.proto (ONNX 1.16).

use alexnet_protocol::architecture::LocalResponseNorm;
use alexnet_protocol::messages::{Cause, FormatError, WriteError};
use alexnet_protocol::{Activation, Architecture, LayerKind, LayerSpec};
use prost::Message;

use crate::checkpoint::Checkpoint;
use crate::int8;
use crate::metadata::KEY;
use crate::tensor::{Precision, Tensor, fits_half};

/// The operator set of ONNX 1.16. GELU needs 20 or later; runtimes since 2024 support it.
const OPSET: i64 = 21;
/// The file format's version for [`OPSET`].
const IR_VERSION: i64 = 10;
/// ε of batch normalisation, PyTorch's default.
const NORM_EPSILON: f32 = 1e-5;

const FLOAT: i32 = 1;
const INT8: i32 = 3;
const INT64: i32 = 7;
const FLOAT16: i32 = 10;

/// Writes an ONNX file; the same checkpoint gives the same bytes.
///
/// `tensor` returns a tensor by torchvision's key. `description` is this project's own; it is stored in the metadata.
///
/// # Errors
/// A tensor is missing or has a wrong shape, or ONNX cannot express the network.
pub fn write<'a>(
    checkpoint: &Checkpoint,
    tensor: impl Fn(&str) -> Option<&'a Tensor>,
    precision: Precision,
    description: &str,
) -> Result<Vec<u8>, FormatError> {
    let architecture = Architecture::new(checkpoint.network).map_err(WriteError::from)?;
    let mut graph = Graph { name: checkpoint.network.network.to_string(), ..Graph::default() };
    let side = architecture.input_size as i64;
    graph.input.push(value("input", &[Some(3), Some(side), Some(side)]));
    graph.output.push(value("logits", &[Some(i64::from(checkpoint.network.classes))]));

    let mut at = "input".to_owned();
    let mut flat = false;
    for layer in &architecture.layers {
        if matches!(layer.kind, LayerKind::Dropout(_)) {
            continue;
        }
        if layer.kind == LayerKind::AdaptiveAvgPool && layer.input == layer.output {
            continue;
        }
        if layer.kind == LayerKind::Linear && !flat {
            graph.node.push(node("flatten", "Flatten", vec![at], "flat", vec![int("axis", 1)]));
            (at, flat) = ("flat".to_owned(), true);
        }
        let towers = match layer.kind {
            LayerKind::ResponseNorm { groups, .. } if groups > 1 => Some(groups),
            _ => None,
        };
        if let Some(towers) = towers {
            // LRN sums over all channels of an image, so each group becomes an image of its own.
            at = graph.reshape(&at, &format!("{}.towers", layer.name), layer.input, towers);
        }
        let mut inputs = vec![at];
        for (name, shape, _) in layer.tensors() {
            let stored =
                tensor(&name).filter(|t| t.shape == shape && t.data.len() == shape.iter().product::<usize>());
            let stored =
                stored.ok_or_else(|| WriteError::Tensor { name: name.clone(), shape: shape.into() })?;
            if precision == Precision::F16 {
                fits_half(&name, stored)?;
            }
            graph.weights(&name, stored, precision);
            inputs.push(name);
        }
        let (operator, attributes) = operator(layer, checkpoint.network.activation)?;
        graph.node.push(node(&layer.name, operator, inputs, &layer.name, attributes));
        at = layer.name.clone();
        if towers.is_some() {
            at = graph.reshape(&at, &format!("{}.images", layer.name), layer.input, 1);
        }
    }
    if let Some(last) = graph.node.last_mut() {
        last.output = vec!["logits".to_owned()];
    }
    let json =
        |value: serde_json::Result<String>| value.map_err(|e| WriteError::Library { reason: Cause::of(&e) });
    let names: Vec<&str> = checkpoint.labels.iter().map(|label| label.name.as_str()).collect();
    let mut metadata = vec![
        entry(KEY, description),
        entry("labels", &json(serde_json::to_string(&names))?),
        entry("preprocess", &json(serde_json::to_string(&checkpoint.preprocess))?),
    ];
    metadata.extend(checkpoint.origin.as_deref().map(|origin| entry("origin", origin)));
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "AlexNet Lab".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        metadata_props: metadata,
    };
    Ok(model.encode_to_vec())
}

/// A layer's ONNX operator and its attributes.
fn operator(layer: &LayerSpec, activation: Activation) -> Result<(&'static str, Vec<Attribute>), WriteError> {
    let pair = |name: &str, side: usize| ints(name, vec![side as i64; 2]);
    Ok(match layer.kind {
        LayerKind::Conv2d { kernel, stride, padding, groups, .. } => (
            "Conv",
            vec![
                int("group", groups as i64),
                pair("kernel_shape", kernel),
                ints("pads", vec![padding as i64; 4]),
                pair("strides", stride),
            ],
        ),
        LayerKind::BatchNorm => ("BatchNormalization", vec![float("epsilon", NORM_EPSILON)]),
        // ONNX divides α by the size; our α multiplies the plain sum.
        LayerKind::ResponseNorm { constants: LocalResponseNorm { size, alpha, beta, k }, .. } => (
            "LRN",
            vec![
                float("alpha", alpha * size as f32),
                float("beta", beta),
                float("bias", k),
                int("size", size as i64),
            ],
        ),
        LayerKind::MaxPool2d { kernel, stride } => {
            ("MaxPool", vec![pair("kernel_shape", kernel), pair("strides", stride)])
        }
        LayerKind::AdaptiveAvgPool => {
            let ([_, side, _], [_, windows, _]) = (layer.input, layer.output);
            if !side.is_multiple_of(windows) {
                return Err(WriteError::Onnx { layer: layer.name.clone() });
            }
            let window = side / windows;
            ("AveragePool", vec![pair("kernel_shape", window), pair("strides", window)])
        }
        LayerKind::Linear => ("Gemm", vec![int("transB", 1)]),
        LayerKind::Activation => match activation {
            Activation::Relu => ("Relu", vec![]),
            Activation::Tanh => ("Tanh", vec![]),
            Activation::Sigmoid => ("Sigmoid", vec![]),
            Activation::LeakyRelu => ("LeakyRelu", vec![float("alpha", 0.01)]),
            Activation::Gelu => ("Gelu", vec![]),
        },
        LayerKind::Dropout(_) => return Err(WriteError::Onnx { layer: layer.name.clone() }),
    })
}

impl Graph {
    /// Maps of any number of images taken for those of `towers` times as many; the name of the result.
    fn reshape(
        &mut self,
        from: &str,
        name: &str,
        [channels, height, width]: [usize; 3],
        towers: usize,
    ) -> String {
        let sides = [-1, (channels / towers) as i64, height as i64, width as i64];
        let shape = format!("{name}.shape");
        self.initializer.push(Initializer {
            dims: vec![sides.len() as i64],
            data_type: INT64,
            name: shape.clone(),
            raw_data: sides.iter().flat_map(|side| side.to_le_bytes()).collect(),
        });
        self.node.push(node(name, "Reshape", vec![from.to_owned(), shape], name, vec![]));
        name.to_owned()
    }

    /// A tensor under its own name: as it is, or in fewer bytes with a node that converts it back.
    fn weights(&mut self, name: &str, tensor: &Tensor, precision: Precision) {
        let floats = |data: &[f32]| data.iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut store = |name: String, shape: &[usize], data_type: i32, raw_data: Vec<u8>| {
            let dims = shape.iter().map(|&side| side as i64).collect();
            self.initializer.push(Initializer { dims, data_type, name, raw_data });
        };
        match precision {
            Precision::F16 => {
                let half = format!("{name}.half");
                let bytes = tensor.data.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes());
                store(half.clone(), &tensor.shape, FLOAT16, bytes.collect());
                let to = vec![int("to", i64::from(FLOAT))];
                self.node.push(node(&format!("{name}.widen"), "Cast", vec![half], name, to));
            }
            Precision::Int8 if int8::applies(name, &tensor.shape) => {
                let (bytes, scale) = (format!("{name}.int8"), int8::scales_of(name));
                let scales = int8::scales(tensor);
                store(bytes.clone(), &tensor.shape, INT8, int8::quantize(&tensor.data, &scales).into_owned());
                store(scale.clone(), &[scales.len()], FLOAT, floats(&scales));
                let inputs = vec![bytes, scale];
                let axis = vec![int("axis", 0)];
                self.node.push(node(&format!("{name}.widen"), "DequantizeLinear", inputs, name, axis));
            }
            Precision::F32 | Precision::Int8 => {
                store(name.to_owned(), &tensor.shape, FLOAT, floats(&tensor.data));
            }
        }
    }
}

fn node(name: &str, operator: &str, input: Vec<String>, output: &str, attribute: Vec<Attribute>) -> Node {
    let (name, op_type) = (name.to_owned(), operator.to_owned());
    Node { input, output: vec![output.to_owned()], name, op_type, attribute }
}

fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.to_owned(), f: Some(value), r#type: 1, ..Attribute::default() }
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute { name: name.to_owned(), i: Some(value), r#type: 2, ..Attribute::default() }
}

fn ints(name: &str, values: Vec<i64>) -> Attribute {
    Attribute { name: name.to_owned(), ints: values, r#type: 7, ..Attribute::default() }
}

/// A float tensor whose first dimension is the batch.
fn value(name: &str, sides: &[Option<i64>]) -> ValueInfo {
    let batch = Dimension { dim_value: None, dim_param: Some("batch".to_owned()) };
    let others = sides.iter().map(|&dim_value| Dimension { dim_value, dim_param: None });
    let shape = Some(Shape { dim: std::iter::once(batch).chain(others).collect() });
    let tensor_type = Some(TensorType { elem_type: FLOAT, shape });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}

fn entry(key: &str, value: &str) -> Entry {
    Entry { key: key.to_owned(), value: value.to_owned() }
}

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(string, tag = "2")]
    producer_name: String,
    #[prost(string, tag = "3")]
    producer_version: String,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSet>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSet {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Initializer>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, optional, tag = "2")]
    f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    i: Option<i64>,
    #[prost(int64, repeated, tag = "8")]
    ints: Vec<i64>,
    /// 1: float, 2: int, 7: ints.
    #[prost(int32, tag = "20")]
    r#type: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Initializer {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(string, tag = "8")]
    name: String,
    /// Little-endian, row-major.
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfo {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    r#type: Option<Type>,
}

#[derive(Clone, PartialEq, Message)]
struct Type {
    #[prost(message, optional, tag = "1")]
    tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(int32, tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(int64, optional, tag = "1")]
    dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    dim_param: Option<String>,
}

#[cfg(test)]
mod tests {
    use alexnet_protocol::{ClassLabel, Network, NetworkConfig, Normalization, ResponseNorm};

    use super::*;
    use crate::FileFormat;

    fn checkpoint(activation: Activation, normalization: Normalization) -> Checkpoint {
        filled(NetworkConfig {
            network: Network::AlexNet32,
            classes: 3,
            width: 0.125,
            activation,
            normalization,
            response_norm: ResponseNorm::default(),
            dropout: 0.5,
        })
    }

    fn filled(network: NetworkConfig) -> Checkpoint {
        let layers = Architecture::new(network).unwrap().layers;
        let tensors = layers.iter().flat_map(LayerSpec::tensors).map(|(name, shape, _)| {
            let numbers = shape.iter().product::<usize>();
            let data = (0..numbers).map(|i| (i as f32 * 0.37).sin()).collect();
            (name, Tensor { shape, data })
        });
        Checkpoint {
            network,
            labels: ["cat", "dog", "pizza"].map(|n| ClassLabel { id: n.into(), name: n.into() }).into(),
            preprocess: Architecture::default_preprocess(network.network),
            calibration: None,
            origin: Some("Computed by a test, CC0.".into()),
            tensors: tensors.collect(),
            run: None,
        }
    }

    fn written(checkpoint: &Checkpoint, precision: Precision) -> Model {
        let bytes = checkpoint.write(FileFormat::Onnx, precision).unwrap();
        assert_eq!(bytes, checkpoint.write(FileFormat::Onnx, precision).unwrap());
        Model::decode(bytes.as_slice()).unwrap()
    }

    fn operators(model: &Model) -> Vec<String> {
        model.graph.iter().flat_map(|graph| &graph.node).map(|node| node.op_type.clone()).collect()
    }

    #[test]
    fn the_graph_is_the_table_without_dropout() {
        let model = written(&checkpoint(Activation::Relu, Normalization::None), Precision::F32);
        let expected = "Conv Relu MaxPool Conv Relu MaxPool Conv Relu Conv Relu Conv Relu MaxPool \
                        Flatten Gemm Relu Gemm Relu Gemm";
        assert_eq!(operators(&model).join(" "), expected);
        let graph = model.graph.unwrap();
        // Every input of a node is the graph's input, a weight, or the output of an earlier node.
        let mut known: Vec<&str> = vec!["input"];
        known.extend(graph.initializer.iter().map(|one| one.name.as_str()));
        for node in &graph.node {
            assert!(node.input.iter().all(|input| known.contains(&input.as_str())), "{node:?}");
            known.extend(node.output.iter().map(String::as_str));
        }
        assert_eq!(known.last(), Some(&"logits"));
        let metadata: Vec<_> = model.metadata_props.iter().map(|e| e.key.as_str()).collect();
        assert_eq!(metadata, ["alexnet", "labels", "preprocess", "origin"]);
        assert_eq!(model.metadata_props[1].value, r#"["cat","dog","pizza"]"#);
    }

    #[test]
    fn the_towers_of_2012_are_groups_and_each_normalises_its_own_maps() {
        let graph = |response_norm| {
            let plain = checkpoint(Activation::Relu, Normalization::None).network;
            let network = NetworkConfig { network: Network::AlexNet2012At32, response_norm, ..plain };
            written(&filled(network), Precision::F32)
        };
        let paper = graph(ResponseNorm::Paper);
        assert!(operators(&paper).join(" ").starts_with(
            "Conv Relu Reshape LRN Reshape MaxPool Conv Relu Reshape LRN Reshape MaxPool Conv Relu Conv"
        ));
        let caffenet = graph(ResponseNorm::CaffeNet);
        assert!(
            operators(&caffenet).join(" ").starts_with("Conv Relu MaxPool LRN Conv Relu MaxPool LRN Conv")
        );
        let (paper, caffenet) = (paper.graph.unwrap(), caffenet.graph.unwrap());
        let numbers = |graph: &Graph, node: &str, name: &str| {
            let node = graph.node.iter().find(|one| one.name == node).unwrap();
            let found = node.attribute.iter().find(|one| one.name == name).unwrap();
            (found.i, found.f)
        };
        let groups = ["conv1", "conv2", "conv3", "conv4", "conv5"].map(|n| numbers(&paper, n, "group").0);
        assert_eq!(groups, [1, 2, 1, 2, 2].map(Some));
        assert_eq!(numbers(&paper, "lrn1", "alpha").1, Some(1e-4 * 5.0));
        assert_eq!(numbers(&paper, "lrn1", "bias").1, Some(2.0));
        assert_eq!(numbers(&caffenet, "lrn2", "alpha").1, Some(1e-4 / 5.0 * 5.0));
        assert_eq!(numbers(&caffenet, "lrn2", "bias").1, Some(1.0));
    }

    #[test]
    fn every_activation_and_normalisation_has_an_operator() {
        for &activation in Activation::ALL {
            let model = written(&checkpoint(activation, Normalization::Batch), Precision::F32);
            let operators = operators(&model);
            assert_eq!(operators.iter().filter(|op| *op == "BatchNormalization").count(), 5);
            let own = ["Relu", "Tanh", "Sigmoid", "LeakyRelu", "Gelu"].map(str::to_owned);
            assert_eq!(operators.iter().filter(|op| own.contains(op)).count(), 7, "{activation}");
        }
    }

    #[test]
    fn smaller_weights_are_widened_in_the_graph() {
        let from = checkpoint(Activation::Relu, Normalization::None);
        let half = written(&from, Precision::F16);
        assert_eq!(operators(&half).iter().filter(|op| *op == "Cast").count(), 16);
        let int8 = written(&from, Precision::Int8);
        assert_eq!(operators(&int8).iter().filter(|op| *op == "DequantizeLinear").count(), 8);
        let graph = int8.graph.unwrap();
        let bytes = |kind: i32| graph.initializer.iter().filter(|one| one.data_type == kind).count();
        // Weights; scales and biases.
        assert_eq!((bytes(INT8), bytes(FLOAT)), (8, 16));
    }

    #[test]
    fn what_is_not_the_networks_is_refused() {
        let mut other = checkpoint(Activation::Relu, Normalization::None);
        other.tensors.remove("classifier.4.bias");
        let sentence = other.write(FileFormat::Onnx, Precision::F32).unwrap_err().to_string();
        assert!(sentence.contains("classifier.4.bias is missing or not of the shape [32]"), "{sentence}");
    }

    #[test]
    fn an_onnx_file_is_named_when_it_is_brought_back() {
        let bytes = checkpoint(Activation::Relu, Normalization::None).write(FileFormat::Onnx, Precision::F32);
        let sentence = Checkpoint::read(bytes.unwrap()).unwrap_err().to_string();
        assert!(sentence.contains("not a model file but an ONNX file"), "{sentence}");
    }
}

"""From a frame to embeddings: detector, quality, aligner, embedder, tracks."""

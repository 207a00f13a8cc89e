"""The language of a phone's shell, as Android's mksh reads it; what its commands do is none of its business."""

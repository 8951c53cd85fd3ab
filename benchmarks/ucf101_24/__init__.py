"""Task `ucf101-24`: weakly supervised spatio-temporal action localisation from keypoints."""

"""Finding faces: detection, the mesh, and who is who from frame to frame."""

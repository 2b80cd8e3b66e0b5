"""What a simulation is set up from: beam, plan of spots, phantom, detector and their materials."""

// Prints something else in every run.
System.Console.WriteLine(System.Guid.NewGuid());
